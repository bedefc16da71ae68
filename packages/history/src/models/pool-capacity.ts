import { limits } from '../limits.ts'
import type { Step } from '../model.ts'
import type { PoolAction } from './pool-actions.ts'

type PoolStep = Step<PoolAction>

export interface FirstCapacities {
  readonly capacities: readonly number[]
  /** There are more of them than the search can try. */
  readonly partial: boolean
}

/**
 * What the capacity may be before anybody sets it. If nobody ever does and somebody saw it: that. Otherwise, if no
 * refusal can come before it is set, the more the better: all units that anybody asked for. Otherwise anything from
 * what was certainly out at once to what may have been out at each refusal.
 */
export function firstCapacities(steps: readonly PoolStep[]): FirstCapacities {
  const seen = new Set<number>()
  let units = 0
  /** Until when the first capacity certainly holds, and until when it may. */
  let [certainNs, possibleNs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const { action, callNs, returnNs } of steps) {
    if (action.verb === 'get' && action.cap !== undefined) seen.add(action.cap)
    if (action.verb === 'checkout') units += action.lease.units
    if (action.verb === 'resize') {
      certainNs = Math.min(certainNs, callNs)
      possibleNs = Math.min(possibleNs, returnNs)
    }
  }
  if (certainNs === Number.POSITIVE_INFINITY && seen.size > 0)
    return { capacities: [...seen], partial: false }
  const isRefused = steps.some(({ action, callNs }) => action.verb === 'refused' && callNs <= possibleNs)
  if (!isRefused) return { capacities: [...new Set([units, ...seen])], partial: false }
  const least = certainlyOut(steps, certainNs)
  // Where the two contradict each other no capacity is right, and the search will tell why.
  const most = Math.max(least, capacityRefused(steps, certainNs) ?? units)
  const count = Math.min(most - least + 1, limits.firstCapacitiesMax)
  const between = Array.from({ length: count }, (_, at) => least + at)
  return { capacities: [...new Set([...between, most, ...seen])], partial: least + count <= most }
}

/** Most units that were certainly out at one moment before `endNs`. */
function certainlyOut(steps: readonly PoolStep[], endNs: number): number {
  const returnedNs = new Map<string, number>()
  for (const { action, callNs } of steps)
    if (action.verb === 'checkin')
      returnedNs.set(action.id, Math.min(callNs, returnedNs.get(action.id) ?? callNs))
  const changes: { readonly timeNs: number; readonly units: number }[] = []
  for (const { action, returnNs } of steps) {
    if (action.verb !== 'checkout' || action.lease.id === undefined || returnNs >= endNs) continue
    const { id, units, untilNs } = action.lease
    const goneNs = Math.min(untilNs, returnedNs.get(id) ?? Number.POSITIVE_INFINITY)
    if (goneNs <= returnNs) continue
    changes.push({ timeNs: returnNs, units }, { timeNs: goneNs, units: -units })
  }
  changes.sort((a, b) => a.timeNs - b.timeNs || a.units - b.units)
  let [out, most] = [0, 0]
  for (const { units } of changes) {
    out += units
    most = Math.max(most, out)
  }
  return most
}

/** The largest capacity with which each refusal that returned before `endNs` can be right; `undefined` without any. */
function capacityRefused(steps: readonly PoolStep[], endNs: number): number | undefined {
  const grantedUnits = new Map<string, number>()
  const changes: { readonly timeNs: number; readonly units: number }[] = []
  for (const { action, callNs } of steps) {
    if (action.verb !== 'checkout') continue
    const { id, units } = action.lease
    if (id !== undefined) grantedUnits.set(id, units)
    changes.push({ timeNs: callNs, units })
  }
  const gone: typeof changes = []
  for (const { action, returnNs } of steps) {
    if (action.verb !== 'checkin' || returnNs === Number.POSITIVE_INFINITY) continue
    gone.push({ timeNs: returnNs, units: grantedUnits.get(action.id) ?? 0 })
  }
  const asked = new Sums(changes)
  const returned = new Sums(gone)
  let most: number | undefined
  for (const { action, callNs, returnNs } of steps) {
    if (action.verb !== 'refused' || returnNs >= endNs) continue
    const out = asked.until(returnNs, true) - returned.until(callNs, false)
    most = Math.min(most ?? Number.POSITIVE_INFINITY, out + action.units - 1)
  }
  return most
}

/** Sums of units by time. */
class Sums {
  readonly #times: readonly number[]
  readonly #sums: readonly number[]

  constructor(changes: readonly { readonly timeNs: number; readonly units: number }[]) {
    const sorted = [...changes].sort((a, b) => a.timeNs - b.timeNs)
    let sum = 0
    this.#times = sorted.map(({ timeNs }) => timeNs)
    this.#sums = sorted.map(({ units }) => (sum += units))
  }

  until(timeNs: number, inclusive: boolean): number {
    let [low, high] = [0, this.#times.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const time = this.#times[middle]!
      if (inclusive ? time <= timeNs : time < timeNs) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : this.#sums[low - 1]!
  }
}
