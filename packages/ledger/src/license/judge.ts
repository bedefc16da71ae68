import type { Cause } from '../causes.ts'
import type { LicenseRule } from './commands.ts'
import type { Asked, Pool } from './pool.ts'
import { type Bound, overMax, unfilledOf } from './rules.ts'

/** Why one pool says no. All but the first four are about the asking consumer or the pool as a whole. */
export type No = Extract<
  Cause,
  | 'exhausted'
  | 'reservedForOthers'
  | 'overMax'
  | 'coolDown'
  | 'metricExceeded'
  | 'excluded'
  | 'notDistributed'
  | 'notInContract'
>

/** `shared` needs no unit that is not counted already; `reused` takes one of the reuse queue. */
export type Verdict = 'free' | 'shared' | 'reused' | No

/** What one pool says to a check-out now. Changes nothing and costs the same however many units are in use. */
export function judge(pool: Pool, asked: Asked): Verdict {
  if (!pool.listed) return 'notInContract'
  if (!pool.distributed) return 'notDistributed'
  const { rules } = pool
  let bounds = NO_BOUNDS
  if (rules !== undefined) {
    bounds = rules.match(asked.subject)
    if (rules.exclusion(bounds) !== undefined) return 'excluded'
  }
  if (pool.coolDowns.size > 0 && pool.coolDowns.has(asked.coolKeyIn(pool))) return 'coolDown'
  if (pool.spec.nature === 'onDemand' && pool.metric > pool.total) return 'metricExceeded'
  const units = asked.unitsOf(pool)
  let need = units
  const key = asked.keyIn(pool)
  const seat = key === undefined ? undefined : pool.seats.get(key)
  if (seat !== undefined && seat.state !== 'resting') {
    need -= seat.units
    if (need <= 0) return 'shared'
  }
  if (bounds.length > 0 && overMax(bounds, need) !== undefined) return 'overMax'
  if (isOverHost(pool, asked, need)) return 'overMax'
  const left = pool.inForce - pool.used
  if (need > left) return 'exhausted'
  if (rules !== undefined && need > left - reservedFor(pool, bounds)) return 'reservedForOthers'
  if (seat?.state === 'resting') return 'reused'
  return key === undefined && pool.firstResting?.units === units ? 'reused' : 'free'
}

function isOverHost(pool: Pool, asked: Asked, need: number): boolean {
  const { limitPerHost } = pool.spec
  return limitPerHost > 0 && (pool.hosts.get(asked.subject.host) ?? 0) + need > limitPerHost
}

/** Units kept for others than those whom `bounds` name. */
function reservedFor(pool: Pool, bounds: readonly Bound[]): number {
  let reserved = pool.rules!.unfilled
  if (reserved === 0) return 0
  for (const bound of bounds) reserved -= unfilledOf(bound)
  return reserved
}

/** How many units a lease could take at once. */
export function roomFor(pool: Pool, asked: Asked): number {
  let room = pool.inForce - pool.used
  const { limitPerHost } = pool.spec
  if (limitPerHost > 0) room = Math.min(room, limitPerHost - (pool.hosts.get(asked.subject.host) ?? 0))
  if (pool.rules === undefined) return room
  const bounds = pool.rules.match(asked.subject)
  for (const { rule, used } of bounds) if (rule.kind === 'max') room = Math.min(room, rule.amount! - used)
  return Math.min(room, pool.inForce - pool.used - reservedFor(pool, bounds))
}

/** The rule that decided. */
export function decidingRule(pool: Pool, asked: Asked, verdict: Verdict): LicenseRule | undefined {
  const { rules } = pool
  if (rules === undefined) return undefined
  const bounds = [...rules.match(asked.subject)]
  if (verdict === 'excluded') return rules.exclusion(bounds)
  if (verdict === 'overMax') {
    const key = asked.keyIn(pool)
    const seat = key === undefined ? undefined : pool.seats.get(key)
    const has = seat === undefined || seat.state === 'resting' ? 0 : seat.units
    return overMax(bounds, asked.unitsOf(pool) - has)
  }
  if (verdict !== 'reservedForOthers') return undefined
  return rules.bounds.find((bound) => unfilledOf(bound) > 0 && !bounds.includes(bound))?.rule
}

const NO_BOUNDS: readonly Bound[] = []
