import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openAdmin } from '@tranca/client'
import { type DevCluster, startDevCluster } from 'tranca/dev-cluster'
import { issueBenchKey } from './license-key.ts'
import type { LocalNode } from './nodes.ts'

/** The cluster that is measured. */
export interface Target {
  readonly addresses: readonly string[]
  /** Its nodes, if they run on this machine as children of this process. */
  readonly local: () => readonly LocalNode[]
  /** Why it cannot serve licenses; `undefined` if it can. */
  readonly unlicensed: string | undefined
  readonly close: () => Promise<void>
}

/** A cluster that runs already, and is left as it was, but for what the sessions of the load leave behind. */
export function pointedAt(addresses: readonly string[]): Target {
  return {
    addresses,
    local: () => [],
    unlicensed: 'the key for these rows can only be installed in a cluster that the benchmark starts',
    close: async () => undefined,
  }
}

/**
 * Three processes on loopback with the settings as shipped, in a new directory under `home`; both go at the end.
 *
 * @param isLicensed installs a key of the benchmark's own, too
 */
export async function startTarget(options: {
  readonly home: string
  readonly isLicensed: boolean
  readonly signal: AbortSignal
}): Promise<Target> {
  const { home, isLicensed, signal } = options
  mkdirSync(home, { recursive: true })
  const directory = mkdtempSync(join(home, 'bench-'))
  let cluster: DevCluster | undefined
  const close = async (): Promise<void> => {
    await cluster?.close()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    cluster = await startDevCluster({
      directory: join(directory, 'cluster'),
      members: 3,
      ports: 'free',
      logLevel: 'warn',
    })
    await cluster.whenReady({ signal })
    const unlicensed = isLicensed ? await license(cluster, directory, signal) : 'no row needs it'
    const { members, addresses } = cluster
    return {
      addresses,
      local: () => members.map(({ name, pid, admin }) => ({ name, pid, admin })),
      unlicensed,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Issues a key, tells the nodes whose keys to accept, and installs it. Returns why that was not possible. */
async function license(
  cluster: DevCluster,
  directory: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { publicKeyPem, keyFile } = issueBenchKey(Date.now())
  const vendorPublicKey = join(directory, 'vendor-public.pem')
  writeFileSync(vendorPublicKey, publicKeyPem)
  for (const { name, config } of cluster.members) {
    appendFileSync(config, `license: ${JSON.stringify({ vendorPublicKey })}\n`)
    await cluster.restart(name)
    await cluster.whenReady({ signal })
  }
  const admin = openAdmin(cluster.addresses)
  try {
    await admin.request({ op: 'key.install', file: keyFile })
    return undefined
  } catch (error) {
    return `the key could not be installed: ${error instanceof Error ? error.message : error}`
  } finally {
    await admin.close()
  }
}
