import { type Logger, pino } from 'pino'
import type { Config } from './config/schema.ts'
import { type Environment, machine } from './environment/environment.ts'
import { readBorrowKey } from './licenses/borrow-key.ts'
import { readVendor } from './licenses/vendor-key.ts'
import { Node } from './node.ts'
import { makeSecurity } from './security/security.ts'

export interface NodeOptions {
  /** Default: JSON lines on stdout, at the configured level. */
  readonly logger?: Logger
  readonly environment?: Partial<Environment>
}

/**
 * Starts one member of a cluster. Resolves when it listens; it takes part as soon as a quorum vouches for it.
 *
 * @throws {NodeError} and the storage's `StorageRefusal`, with what to do
 */
export async function openNode(config: Config, options: NodeOptions = {}): Promise<Node> {
  const environment = { ...machine, ...options.environment }
  const self = config.members.find((member) => member.id === config.id)
  const name = self?.name ?? `n${config.id}`
  const logger = (options.logger ?? pino({ level: config.log.level })).child({ node: name })
  const vendor = readVendor(config.license)
  const borrowKey = readBorrowKey(config.license)
  const security = makeSecurity(config, environment.transport, logger)
  const storage = await environment.openStorage({
    directory: config.data,
    clusterId: config.cluster,
    nodeId: String(config.id),
    limits: { segmentSize: config.storage.segmentSize, tailBytesMax: config.checkpoint.keepSize },
  })
  for (const note of storage.recovered.notes) logger.warn({ note }, 'recovered')
  const node = new Node({ config, name, environment, logger, storage, vendor, borrowKey, security })
  try {
    await node.start()
  } catch (error) {
    await node.close()
    throw error
  }
  return node
}
