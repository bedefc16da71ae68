import { type Holding, ResourceHold, type Waiter, type WaiterRow } from './graph.ts'
import { type CheckoutClaimsRow, CheckoutWaiter } from './license/checkout.ts'
import { Grant } from './license/pool.ts'
import { countRestored, LICENSE_KINDS, type LicenseKind, restoreLicenses } from './license/restore.ts'
import { type LockClaimsRow, LockWaiter } from './lock/acquire.ts'
import { LockHold } from './lock/lock.ts'
import { complain, complaintAbout } from './row-shape.ts'
import { rowChecks } from './row-shapes.ts'
import type { Row, RowEntry } from './rows.ts'
import { type PermitClaimsRow, PermitWaiter } from './semaphore/acquire.ts'
import { PermitHold } from './semaphore/semaphore.ts'
import { Reservation } from './sequence/sequence.ts'
import type { State } from './state.ts'

// Rows come in any order; they are restored in the order in which they lean on each other. Lists and
// queues are rebuilt in the order of the replicated numbers, so they equal the originals.

const KINDS = ['x', 'n', 's', 'a', 'q', 'c', 'f', 'g', 'l', 'm', 'k', 'r', 'w'] as const
type Kind = (typeof KINDS)[number]
/** Read in the order of the numbers that are their keys. */
const BY_NUMBER = ['s', 'i', 't', 'e'] as const
const ALL_KINDS = [...KINDS, ...LICENSE_KINDS] as const
type AnyKind = (typeof ALL_KINDS)[number]

/** @throws LedgerError if a row is none that a ledger has written, or does not fit the others */
export function restoreRows(state: State, rows: Iterable<RowEntry>): void {
  /** What is being read, for the complaint: a row of a table, then what it became. */
  let atKind: AnyKind = 'x'
  let at: RowEntry | undefined
  let linked: Holding | Waiter | undefined
  const byKind = new Map<AnyKind, RowEntry[]>(ALL_KINDS.map((kind) => [kind, []]))
  for (const { key, value } of rows) {
    const list = byKind.get(key[0] as AnyKind)
    if (list === undefined || (key !== 'x' && key[1] !== '/'))
      complain(key, '', key, 'the key of a known table')
    rowChecks[key[0] as AnyKind](key, value)
    list.push({ key: key.slice(2), value })
  }
  for (const kind of BY_NUMBER) byKind.get(kind)!.sort((a, b) => Number(a.key) - Number(b.key))

  const { sessions, locks, codes, semaphores, sequences, members, core } = state
  const ownerOf = sessions.ownerOf.bind(sessions)
  const holdings: Holding[] = []
  const waiters: Waiter[] = []
  const restore: Record<Kind, (key: string, value: unknown) => void> = {
    x: (_key, value) => core.restore(value),
    n: (_key, value) => members.restore(value),
    s: (_key, value) => sessions.restore(value),
    a: (key, value) => {
      const at = key.indexOf('/')
      sessions.restoreAnswer(Number(key.slice(0, at)), Number(key.slice(at + 1)), value)
    },
    q: (key, value) => sequences.restoreSequence(key, value),
    c: (key, value) => sequences.restoreCounter(key, value),
    f: (key, value) => sequences.restoreFree(key, value),
    g: (key, value) => sequences.restoreGap(key, value),
    l: (key, value) => holdings.push(...locks.restore(key, value, ownerOf)),
    m: (key, value) => holdings.push(...semaphores.restore(key, value, ownerOf)),
    k: (key, value) => holdings.push(codes.restore(key, value, ownerOf)),
    r: (key, value) => holdings.push(sequences.restoreReservation(Number(key), value, ownerOf)),
    w: (_key, value) => waiters.push(restoreWaiter(state, value as WaiterRow)),
  }
  const rowsOf = function* (kind: LicenseKind): Generator<RowEntry> {
    atKind = kind
    for (at of byKind.get(kind)!) yield at
    at = undefined
  }
  try {
    for (const kind of KINDS) {
      // Waiters look at what they wait for, so all of it comes before them.
      if (kind === 'w') {
        for (const grant of restoreLicenses(state.licenses, rowsOf, ownerOf)) holdings.push(grant)
      }
      atKind = kind
      for (at of byKind.get(kind)!) restore[kind](at.key, at.value)
      at = undefined
    }
    for (linked of holdings.sort((a, b) => a.order - b.order)) link(state, linked)
    linked = undefined
    countRestored(state.licenses)
    for (linked of waiters.sort((a, b) => a.order - b.order)) state.waiters.enqueue(linked)
  } catch (error) {
    throw complaintAbout(at ? { ...at, key: `${atKind}/${at.key}` } : rowOfLinked(linked), error)
  }
}

function rowOfLinked(linked: Holding | Waiter | undefined): RowEntry {
  if (linked === undefined) return { key: '', value: undefined }
  // Holds are part of their resource's row; all other holdings have one of their own.
  const row = linked instanceof ResourceHold ? linked.resource : (linked as Waiter | (Holding & Row))
  return { key: row.rowKey(), value: undefined }
}

function link(state: State, holding: Holding): void {
  const { session } = holding.owner
  if (holding instanceof ResourceHold) {
    holding.resource.addHold(holding)
    if (holding instanceof LockHold) session.lockCount += 1
    else if (holding instanceof PermitHold) {
      session.permitCount += holding.permits
      holding.resource.used += holding.permits
    }
  } else if (holding instanceof Reservation) {
    state.sequences.addReservation(holding)
  } else if (holding instanceof Grant) {
    state.licenses.grants.link(holding)
  } else {
    holding.owner.addHolding(holding)
    session.codeCount += 1
  }
}

function restoreWaiter(state: State, row: WaiterRow): Waiter {
  const fields = { ...row, deadlineMs: row.waitMs < 0 ? Number.POSITIVE_INFINITY : row.deadlineMs }
  const owner = state.sessions.ownerOf(row.session, row.owner)
  const claims = row.claims as LockClaimsRow | PermitClaimsRow | CheckoutClaimsRow
  let waiter: LockWaiter | PermitWaiter | CheckoutWaiter
  if ('license' in claims) {
    waiter = CheckoutWaiter.restore(state.licenses, owner, claims, fields)
  } else if ('locks' in claims) {
    waiter = new LockWaiter(state.locks, owner, fields)
    waiter.addClaims(
      claims.locks.map(([name, exclusive]) => ({ name, mode: exclusive ? 'exclusive' : 'shared' })),
    )
  } else {
    waiter = new PermitWaiter(state.semaphores, owner, fields)
    waiter.addClaims(claims.semaphores)
  }
  waiter.stored = true
  return waiter
}
