/**
 * One member of a Tranca cluster.
 *
 * @example
 * const node = await openNode(loadConfig('n1.yml'))
 * process.on('SIGTERM', () => void node.close())
 * const error = await node.whenStopped
 */
export { type AuditReport, auditDirectory, type Violation } from './audit/audit.ts'
export type { UnitCount, UnitExcess } from './audit/unit-book.ts'
export { listenAddresses, loadConfig, parseConfig } from './config/load.ts'
export { type Config, configSchema, type MemberConfig } from './config/schema.ts'
export type { Cancel, Clock } from './environment/clock.ts'
export type { Environment } from './environment/environment.ts'
export type { Fetch, FetchAnswer, FetchRequest } from './environment/fetch.ts'
export type { Probe } from './environment/probe.ts'
export type { Listener, Stream, Transport } from './environment/transport.ts'
export { NodeError, type NodeErrorCode } from './errors.ts'
export type { Node } from './node.ts'
export { type NodeOptions, openNode } from './open-node.ts'
export { repairNode } from './repair.ts'
export type { Leadership, Replica } from './replica/replica.ts'
export { VERSION } from './version.ts'
