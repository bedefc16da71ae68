import type { Operation } from '../operation.ts'
import { keyInstalled } from './key-install.ts'
import { leaderStart } from './leader-start.ts'
import { licenseCalendar } from './license-calendar.ts'
import { licenseRestrict } from './license-restrict.ts'
import { licenseValidated } from './license-validated.ts'
import { memberDrained } from './member-drain.ts'
import { memberRemoved } from './member-remove.ts'
import { memberSeen } from './member-seen.ts'
import { memberSet } from './member-set.ts'
import { sessionExpire } from './session-expire.ts'

/**
 * Commands that the leader proposes by itself. They stand in the log in the same form as requests, with codes
 * from 240 on; a node never takes them from a client.
 */
const internalOperationList = [
  leaderStart,
  sessionExpire,
  memberSet,
  memberRemoved,
  memberDrained,
  memberSeen,
  keyInstalled,
  licenseCalendar,
  licenseValidated,
  licenseRestrict,
] as const

type Listed = (typeof internalOperationList)[number]

export type InternalOperations = { readonly [O in Listed as O['name']]: O }
export type InternalName = Listed['name']
/** A decoded command of the leader: `{ op: name, ...fields }`. */
export type InternalRequest = { [O in Listed as O['name']]: ReturnType<O['request']['read']> }[InternalName]

export const internalOperations: InternalOperations = Object.fromEntries(
  internalOperationList.map((operation) => [operation.name, operation]),
) as unknown as InternalOperations

const byCode = new Map<number, Operation>(
  (internalOperationList as readonly Operation[]).map((operation) => [operation.code, operation]),
)

export function internalByCode(code: number): Operation | undefined {
  return byCode.get(code)
}
