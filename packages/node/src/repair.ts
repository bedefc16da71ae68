import { resetForRejoin } from '@tranca/storage'
import type { Config } from './config/schema.ts'

/**
 * Sets a node's directory aside (it is kept) and makes an empty one, with which the node rejoins
 * without a vote until it has caught up. The node must be stopped.
 *
 * @returns where the old directory lies now (absent: there was none), and how many starts it knew of
 */
export async function repairNode(config: Config): Promise<{ setAside?: string; starts: number }> {
  return resetForRejoin({ directory: config.data, clusterId: config.cluster, nodeId: String(config.id) })
}
