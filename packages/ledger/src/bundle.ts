import type { Bundle, BundlePart, LockAcquire, SequenceNext, SequenceReserve } from './commands.ts'
import type { Session } from './graph.ts'
import { checkOut, lookAtCheckOut } from './license/checkout.ts'
import type { LicenseCheckout } from './license/commands.ts'
import { PARTS_PER_BUNDLE_MAX } from './limits.ts'
import { acquireLocks, lookAtLocks } from './lock/acquire.ts'
import { isOwner, OWNER_EXPECTED } from './names.ts'
import { invalid, type Refusal, type Result, refuse, type Value } from './result.ts'
import { acquirePermits, lookAtPermits } from './semaphore/acquire.ts'
import { lookAtNext, nextNumbers } from './sequence/next.ts'
import { lookAtReservation, reserveNumber } from './sequence/reserve.ts'
import type { State } from './state.ts'

// bundle: a license, locks and a number in one step, all or none, under one fencing token. First every part
// is looked at and may refuse, then all are taken. So that the looks tell the truth together, a lock, a
// semaphore and the counter of a sequence may be named once; check-outs, which can meet at one product
// without naming it, are taken first and given back if a later one finds nothing left.

export function applyBundle(state: State, session: Session, operation: Bundle): Result {
  const { owner, parts, waitMs } = operation
  if (!isOwner(owner)) return invalid('owner', owner, OWNER_EXPECTED)
  if (waitMs !== 0) return invalid('waitMs', waitMs, '0: a bundle does not wait')
  if (!Array.isArray(parts) || parts.length < 1 || parts.length > PARTS_PER_BUNDLE_MAX) {
    return invalid(
      'parts',
      Array.isArray(parts) ? parts.length : typeof parts,
      `1 to ${PARTS_PER_BUNDLE_MAX}`,
    )
  }
  const bad = checkDistinct(parts) ?? checkRoom(state, parts)
  if (bad !== undefined) return bad
  for (let part = 0; part < parts.length; part += 1) {
    const refusal = look(state, session, owner, parts[part]!)
    if (refusal !== undefined) return ofPart(refusal, part)
  }
  return state.core.withOneToken((token) => takeAll(state, session, owner, parts, token))
}

function takeAll(
  state: State,
  session: Session,
  owner: string,
  parts: readonly BundlePart[],
  token: number,
): Result {
  const results: Value[] = []
  const grants: number[] = []
  const before = state.core.order
  const order = [...parts.keys()].sort((a, b) => rank(parts[a]!) - rank(parts[b]!) || a - b)
  for (const part of order) {
    const result = take(state, session, owner, parts[part]!)
    if (!result.ok) {
      for (const grant of grants.reverse()) state.licenses.grants.undo(grant, before)
      return ofPart(result, part)
    }
    results[part] = result.value
    if (parts[part]!.op === 'license.checkout') grants.push(result.value.grant as number)
  }
  return { ok: true, value: { token, results } }
}

function rank(part: BundlePart): number {
  return part.op === 'license.checkout' ? 0 : 1
}

function look(state: State, session: Session, owner: string, part: BundlePart): Refusal | undefined {
  switch (part.op) {
    case 'license.checkout':
      return lookAtCheckOut(state.licenses, session, checkOutOf(part, owner))
    case 'lock.acquire':
      return lookAtLocks(state.locks, session, locksOf(part, owner))
    case 'semaphore.acquire':
      return lookAtPermits(state.semaphores, session, { ...part, owner, waitMs: 0 })
    case 'sequence.reserve':
      return lookAtReservation(state.sequences, session, { ...part, owner })
    case 'sequence.next':
      return lookAtNext(state.sequences, session, { ...part, owner })
    default:
      return invalid('parts.op', (part as { readonly op: unknown }).op, 'an operation that a bundle can have')
  }
}

function take(state: State, session: Session, owner: string, part: BundlePart): Result {
  switch (part.op) {
    case 'license.checkout':
      return checkOut(state.licenses, session, 0, checkOutOf(part, owner))!
    case 'lock.acquire':
      return acquireLocks(state.locks, session, 0, locksOf(part, owner))!
    case 'semaphore.acquire':
      return acquirePermits(state.semaphores, session, 0, { ...part, owner, waitMs: 0 })!
    case 'sequence.reserve':
      return reserveNumber(state.sequences, session, { ...part, owner })
    case 'sequence.next':
      return nextNumbers(state.sequences, session, { ...part, owner })
  }
}

function checkOutOf(
  part: Extract<BundlePart, { readonly op: 'license.checkout' }>,
  owner: string,
): LicenseCheckout {
  return { ...part, owner, waitMs: 0, priority: 0 }
}

function locksOf(part: Extract<BundlePart, { readonly op: 'lock.acquire' }>, owner: string): LockAcquire {
  return { ...part, owner, waitMs: 0, priority: 0 }
}

function checkDistinct(parts: readonly BundlePart[]): Refusal | undefined {
  const seen = new Set<string>()
  for (const part of parts) {
    for (const name of namesOf(part)) {
      if (seen.has(name))
        return invalid('parts', name.slice(name.indexOf('\0') + 1), 'each name once in a bundle')
      seen.add(name)
    }
  }
  return undefined
}

/** Each part is looked at by itself; new names must fit together. */
function checkRoom(
  { locks, semaphores, sequences, core }: State,
  parts: readonly BundlePart[],
): Refusal | undefined {
  let names = 0
  for (const part of parts) names += part.op === 'lock.acquire' ? part.locks.length : 1
  const { namesMax } = core.limits
  const most = Math.max(locks.table.size, semaphores.table.size, sequences.counters.size)
  return most + names > namesMax ? refuse('namesExceeded', { max: namesMax }) : undefined
}

function namesOf(part: BundlePart): string[] {
  if (part.op === 'lock.acquire') return part.locks.map(({ name }) => `lock\0${name}`)
  if (part.op === 'semaphore.acquire') return [`semaphore\0${part.name}`]
  if (part.op === 'sequence.reserve' || part.op === 'sequence.next') return [counterOf(part)]
  return []
}

function counterOf({ name, scope }: Pick<SequenceReserve | SequenceNext, 'name' | 'scope'>): string {
  return `sequence\0${name}\0${scope.company}\0${scope.branch}`
}

function ofPart({ cause, detail }: Refusal, part: number): Refusal {
  return { ok: false, cause, detail: { ...detail, part } }
}
