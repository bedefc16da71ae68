import type { Operation, OperationKind } from '../operation.ts'
import { bundle } from './bundle.ts'
import { codeList } from './code-list.ts'
import { codeRelease } from './code-release.ts'
import { codeReleaseAll } from './code-release-all.ts'
import { codeReserve } from './code-reserve.ts'
import { health } from './health.ts'
import { hello } from './hello.ts'
import { keyHistory } from './key-history.ts'
import { keyInstall } from './key-install.ts'
import { keyShow } from './key-show.ts'
import { leaderTransfer } from './leader-transfer.ts'
import { licenseAssign } from './license-assign.ts'
import { licenseBorrow } from './license-borrow.ts'
import { licenseBorrowToken } from './license-borrow-token.ts'
import { licenseBorrowed } from './license-borrowed.ts'
import { licenseCheckin } from './license-checkin.ts'
import { licenseCheckout } from './license-checkout.ts'
import { licenseDenials } from './license-denials.ts'
import { licenseExplain } from './license-explain.ts'
import { licenseForceRelease } from './license-force-release.ts'
import { licenseGrants } from './license-grants.ts'
import { licenseList } from './license-list.ts'
import { licenseMetric } from './license-metric.ts'
import { licensePool } from './license-pool.ts'
import { licensePoolGive } from './license-pool-give.ts'
import { licensePoolTake } from './license-pool-take.ts'
import { licenseRenew } from './license-renew.ts'
import { licenseReturnBorrowed } from './license-return-borrowed.ts'
import { licenseRules } from './license-rules.ts'
import { licenseRulesGet } from './license-rules-get.ts'
import { licenseUnassign } from './license-unassign.ts'
import { licenseUsage } from './license-usage.ts'
import { licenseValidity } from './license-validity.ts'
import { lockAcquire } from './lock-acquire.ts'
import { lockGet } from './lock-get.ts'
import { lockList } from './lock-list.ts'
import { lockRelease } from './lock-release.ts'
import { memberAdd } from './member-add.ts'
import { memberDrain } from './member-drain.ts'
import { memberList } from './member-list.ts'
import { memberPromote } from './member-promote.ts'
import { memberRemove } from './member-remove.ts'
import { memberUndrain } from './member-undrain.ts'
import { ownerRelease } from './owner-release.ts'
import { requestCancel } from './request-cancel.ts'
import { semaphoreAcquire } from './semaphore-acquire.ts'
import { semaphoreDelete } from './semaphore-delete.ts'
import { semaphoreGet } from './semaphore-get.ts'
import { semaphoreList } from './semaphore-list.ts'
import { semaphoreRelease } from './semaphore-release.ts'
import { semaphoreSet } from './semaphore-set.ts'
import { sequenceConfirm } from './sequence-confirm.ts'
import { sequenceDefine } from './sequence-define.ts'
import { sequenceEnsureAtLeast } from './sequence-ensure-at-least.ts'
import { sequenceGap } from './sequence-gap.ts'
import { sequenceGaps } from './sequence-gaps.ts'
import { sequenceGet } from './sequence-get.ts'
import { sequenceList } from './sequence-list.ts'
import { sequenceNext } from './sequence-next.ts'
import { sequenceReserve } from './sequence-reserve.ts'
import { sequenceRollback } from './sequence-rollback.ts'
import { sequenceSet } from './sequence-set.ts'
import { sessionClose } from './session-close.ts'
import { sessionGet } from './session-get.ts'
import { sessionList } from './session-list.ts'
import { sessionOpen } from './session-open.ts'
import { sessionResume } from './session-resume.ts'
import { status } from './status.ts'
import { watchStart } from './watch-start.ts'
import { watchStop } from './watch-stop.ts'

/**
 * All operations, in the order of their codes. Codes are given by area:
 *
 * | codes | area |
 * |---|---|
 * | 0 | hello |
 * | 1-15 | tags of other frames: never an operation |
 * | 16-31 | sessions, owners, requests |
 * | 32-47 | locks and record codes |
 * | 48-63 | semaphores |
 * | 64-79 | sequences |
 * | 80-111 | licenses, and bundles of licenses, locks and numbers |
 * | 112-127 | node: status, health, watches |
 * | 128-159 | members and leadership |
 * | 160-175 | license keys |
 * | 176-207 | free |
 * | 208-223 | reserved: hardlock |
 * | 224-239 | free |
 * | 240-255 | the leader's own commands: never from a client |
 */
export const operationList = [
  hello,
  sessionOpen,
  sessionResume,
  sessionClose,
  ownerRelease,
  requestCancel,
  sessionGet,
  sessionList,
  lockAcquire,
  lockRelease,
  codeReserve,
  codeRelease,
  codeReleaseAll,
  lockGet,
  lockList,
  codeList,
  semaphoreSet,
  semaphoreDelete,
  semaphoreAcquire,
  semaphoreRelease,
  semaphoreGet,
  semaphoreList,
  sequenceDefine,
  sequenceNext,
  sequenceReserve,
  sequenceConfirm,
  sequenceRollback,
  sequenceEnsureAtLeast,
  sequenceSet,
  sequenceGap,
  sequenceGet,
  sequenceList,
  sequenceGaps,
  licenseCheckout,
  licenseCheckin,
  licenseRenew,
  licenseMetric,
  licensePool,
  licensePoolTake,
  licensePoolGive,
  licenseAssign,
  licenseUnassign,
  licenseForceRelease,
  licenseBorrow,
  licenseReturnBorrowed,
  licenseRules,
  bundle,
  licenseList,
  licenseGrants,
  licenseExplain,
  licenseUsage,
  licenseDenials,
  licenseValidity,
  licenseRulesGet,
  licenseBorrowed,
  licenseBorrowToken,
  status,
  health,
  watchStart,
  watchStop,
  memberAdd,
  memberPromote,
  memberRemove,
  leaderTransfer,
  memberList,
  memberDrain,
  memberUndrain,
  keyInstall,
  keyShow,
  keyHistory,
] as const

type Listed = (typeof operationList)[number]

/** Operations by name: `operations['lock.acquire']`. */
export type Operations = { readonly [O in Listed as O['name']]: O }

export type OperationName = Listed['name']
/** The decoded request of an operation: `{ op: name, ...fields }`. */
export type RequestOf<N extends OperationName> = ReturnType<Operations[N]['request']['read']>
/** Its fields as a writer takes them: those with a default may be left out. */
export type FieldsOf<N extends OperationName> = Operations[N]['example']
/** Its result as a reader gets it. */
export type ResultOf<N extends OperationName> = ReturnType<Operations[N]['result']['read']>
/** Its result as a writer takes it. */
export type ResultInputOf<N extends OperationName> = Operations[N]['exampleResult']

type NamesOfKind<K extends OperationKind> = Extract<Listed, { readonly kind: K }>['name']
type RequestsOfKind<K extends OperationKind> = { [N in NamesOfKind<K>]: RequestOf<N> }[NamesOfKind<K>]

export type CommandName = NamesOfKind<'command'>
export type ReadName = NamesOfKind<'read'>
export type AdminName = NamesOfKind<'admin'>
export type LocalName = NamesOfKind<'local'>
/** What goes to the ledger through the log. */
export type CommandRequest = RequestsOfKind<'command'>
/** What the ledger answers from memory after a ReadIndex round. */
export type ReadRequest = RequestsOfKind<'read'>
/** What the leader does about the cluster. */
export type AdminRequest = RequestsOfKind<'admin'>
/** What the node that was asked answers by itself. */
export type LocalRequest = RequestsOfKind<'local'>

export const operations: Operations = Object.fromEntries(
  operationList.map((operation) => [operation.name, operation]),
) as unknown as Operations

const byCode: (Operation | undefined)[] = new Array(256).fill(undefined)
for (const operation of operationList as readonly Operation[]) {
  if (byCode[operation.code] !== undefined) throw new Error(`operation code ${operation.code} is taken twice`)
  byCode[operation.code] = operation
}

export function operationByCode(code: number): Operation | undefined {
  return byCode[code]
}
