import type { LockRelease } from '../commands.ts'
import type { Session } from '../graph.ts'
import { isName, NAME_EXPECTED, nameKey } from '../names.ts'
import { invalid, type Refusal, type Result, refuse } from '../result.ts'
import type { LockHold } from './lock.ts'
import type { Locks } from './locks.ts'

// lock.release: takes one from the re-entrance count of each name; at zero the name is given up.
// All names are checked against the owner (and the token, if given) before any is touched (O8).

/** The answer of nearly every release; shared, so never changed. */
const RELEASED: Result = Object.freeze({
  ok: true,
  value: Object.freeze({ counts: Object.freeze([0]) }),
})

export function releaseLocks(locks: Locks, session: Session, operation: LockRelease): Result {
  const { names, token } = operation
  const bad = check(locks, operation)
  if (bad !== undefined) return bad
  const owner = session.owners.get(operation.owner)
  const { holds } = locks
  holds.length = 0
  for (const name of names) {
    const lock = locks.table.get(nameKey(session.namespace, name))
    const hold = owner === undefined ? undefined : lock?.holdOf(owner)
    if (hold === undefined || (token !== undefined && token !== hold.token)) {
      return refuse('notHolder', { name, holders: lock?.holders(locks.core.limits.holdersShownMax) ?? [] })
    }
    holds.push(hold)
  }
  if (holds.length === 1) {
    const count = releaseOne(locks, holds[0]!)
    return count === 0 ? RELEASED : { ok: true, value: { counts: [count] } }
  }
  return { ok: true, value: { counts: holds.map((hold) => releaseOne(locks, hold)) } }
}

function releaseOne(locks: Locks, hold: LockHold): number {
  if (hold.count > 1) {
    hold.count -= 1
    locks.core.rows.mark(hold.resource)
    return hold.count
  }
  locks.drop(hold, 0)
  // Another thread of the owner may wait for it, from now on behind others.
  if (hold.resource.firstClaim !== undefined) locks.waiters.suspect(hold.owner)
  return 0
}

function check(locks: Locks, { names, token }: LockRelease): Refusal | undefined {
  const { locksPerRequestMax } = locks.core.limits
  if (names.length < 1 || names.length > locksPerRequestMax) {
    return invalid('names', names.length, `1 to ${locksPerRequestMax} names`)
  }
  if (token !== undefined && !Number.isSafeInteger(token)) return invalid('token', token, 'a whole number')
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at]!
    if (!isName(name)) return invalid('names', name, NAME_EXPECTED)
    for (let before = 0; before < at; before += 1) {
      if (names[before] === name) return invalid('names', name, 'distinct names')
    }
  }
  return undefined
}
