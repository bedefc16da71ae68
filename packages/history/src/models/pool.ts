import type { Contradiction, Model, Question, Step, Timed } from '../model.ts'
import { answerOf, textField } from './fields.ts'
import { actionOf, type Lease, type PoolAction } from './pool-actions.ts'
import { firstCapacities } from './pool-capacity.ts'
import { leasesAtFault } from './pool-leases.ts'
import { requestsOf } from './requests.ts'

interface PoolState {
  readonly cap: number
  readonly leases: readonly Lease[]
  /** Leases that nobody saw being given, but somebody named. */
  readonly named: readonly string[]
}

/**
 * Units of which each checkout takes some, exactly when they fit. A lease with a ttl may end by itself, at the
 * earliest one ttl after the call of its checkout or of its last renew. The capacity at the beginning is what the
 * history says it is; a resize below what is in use takes nothing away.
 */
export function poolQuestion(timed: readonly Timed[]): Question<PoolState, PoolAction> | Contradiction {
  const atFault = leasesAtFault(timed)
  if (atFault !== undefined) return atFault
  const requests = requestsOf(
    timed,
    ({ op, ret }) => op !== 'pool.checkout' || (ret as { ok?: unknown } | null)?.ok === true,
  )
  const steps: Step<PoolAction>[] = []
  /** Units of the leases that somebody saw being given, and how many steps name each lease afterwards. */
  const granted = new Map<string, number>()
  const namings = new Map<string, number>()
  const answered = new Set<string>()
  for (const { operation } of requests) {
    const lease = operation.op === 'pool.checkout' ? textField(answerOf(operation) ?? {}, 'lease') : undefined
    if (lease !== undefined) answered.add(lease)
  }
  const seen: Seen = { aliveNs: new Map(), namedNs: new Map(), granted: answered }
  for (const { operation, operations, callNs, returnNs } of requests) {
    const action = actionOf(operation, callNs)
    if (action === undefined) continue
    const says = action.verb === 'refused' || action.verb === 'lost' || action.verb === 'get'
    if (says && returnNs === Number.POSITIVE_INFINITY) continue
    if (action.verb === 'checkout' && action.lease.id !== undefined) {
      granted.set(action.lease.id, action.lease.units)
    }
    if (action.verb === 'checkin' || action.verb === 'renew' || action.verb === 'lost') {
      namings.set(action.id, (namings.get(action.id) ?? 0) + 1)
      seen.namedNs.set(action.id, Math.max(returnNs, seen.namedNs.get(action.id) ?? returnNs))
      if (action.verb !== 'lost' && returnNs !== Number.POSITIVE_INFINITY)
        seen.aliveNs.set(action.id, Math.max(callNs, seen.aliveNs.get(action.id) ?? callNs))
    }
    // What was missed under a name has another one, if nobody saw it being given.
    const excludes = action.verb === 'lost' && !answered.has(action.id)
    const observes = says && !excludes
    // A smaller pool refuses what nobody saw being granted a moment before.
    const narrows = action.verb === 'resize' || excludes
    steps.push({ action, callNs, returnNs, observes, narrows, operations })
  }
  const { capacities, partial } = firstCapacities(steps)
  return {
    model: new Pool(seen, capacities),
    partial,
    steps: steps.map((step) => ({ ...step, alike: alike(step), rank: rank(step) })),
  }

  /** The units, if nothing else can be seen of which lease it is while the step is open. */
  function alike({ action, returnNs }: Step<PoolAction>): string | undefined {
    if (action.verb === 'checkout') {
      // Of leases that nobody sees, one that may end sooner can do all that another can.
      const isUnseen = returnNs === Number.POSITIVE_INFINITY
      return isUnseen || action.lease.untilNs > returnNs ? `checkout ${action.lease.units}` : undefined
    }
    // An unknown one matters by which lease it is: that may have ended by itself.
    const isCertain = returnNs !== Number.POSITIVE_INFINITY
    if (action.verb !== 'checkin' || !isCertain || namings.get(action.id) !== 1) return undefined
    const units = granted.get(action.id)
    return units === undefined ? undefined : `checkin ${units}`
  }

  function rank({ action }: Step<PoolAction>): number {
    return action.verb === 'checkout' ? action.lease.untilNs : 0
  }
}

interface Seen {
  /** Until when a lease was certainly there. */
  readonly aliveNs: Map<string, number>
  /** Until when somebody names a lease: afterwards it is like any other of its size. */
  readonly namedNs: Map<string, number>
  /** Leases of checkouts that were answered. */
  readonly granted: Set<string>
}

class Pool implements Model<PoolState, PoolAction> {
  readonly initial: readonly PoolState[]
  readonly #seen: Seen

  constructor(seen: Seen, capacities: readonly number[]) {
    this.initial = capacities.map((cap) => ({ cap, leases: [], named: [] }))
    this.#seen = seen
  }

  key({ cap, leases, named }: PoolState, nowNs: number): string {
    const each = leases.map((lease) => this.#leaseKey(lease, nowNs)).sort()
    return `${cap} ${each.join(',')} ${named.join()}`
  }

  take(state: PoolState, action: PoolAction): readonly PoolState[] {
    const { cap, leases } = state
    switch (action.verb) {
      case 'resize':
        return [{ ...state, cap: action.cap }]
      case 'checkout':
        if (usedOf(state) + action.lease.units > cap) return []
        return [{ ...state, leases: [...leases, action.lease] }]
      case 'refused':
        return usedOf(state) + action.units > cap ? [state] : []
      case 'get':
        if (action.used !== undefined && action.used !== usedOf(state)) return []
        return action.cap === undefined || action.cap === cap ? [state] : []
      case 'lost':
        return leases.some(({ id }) => id === action.id) ? [] : [this.#without(state, action.id)]
      case 'checkin':
        return this.#positions(state, action.id).map((at) => ({
          ...state,
          leases: leases.toSpliced(at, 1),
          named: this.#named(state, action.id),
        }))
      case 'renew':
        return this.#positions(state, action.id).map((at) => {
          const lease = leases[at]!
          const ttlNs = action.ttlNs ?? lease.ttlNs
          const renewed = { id: action.id, units: lease.units, ttlNs, untilNs: action.callNs + ttlNs }
          return { ...state, leases: leases.with(at, renewed), named: this.#named(state, action.id) }
        })
    }
  }

  lapse(state: PoolState, nowNs: number, target: PoolAction): readonly PoolState[] {
    const tried = new Set<string>()
    return state.leases.flatMap((lease, at) => {
      if (lease.untilNs > nowNs) return []
      if (target.verb === 'lost' && lease.id !== undefined && lease.id !== target.id) return []
      if (lease.id !== undefined && (this.#seen.aliveNs.get(lease.id) ?? 0) > nowNs) return []
      const key = this.#leaseKey(lease, nowNs)
      if (tried.has(key)) return []
      tried.add(key)
      return [{ ...state, leases: state.leases.toSpliced(at, 1) }]
    })
  }

  kind(action: PoolAction, nowNs: number): string {
    switch (action.verb) {
      case 'checkout':
        return `checkout ${this.#leaseKey(action.lease, nowNs)}`
      case 'renew':
        return `renew ${action.id} ${action.callNs} ${action.ttlNs}`
      case 'resize':
        return `resize ${action.cap}`
      case 'checkin':
        return `checkin ${action.id}`
      default:
        return action.verb
    }
  }

  helps(state: PoolState, action: PoolAction, target: PoolAction): 'no' | 'may' | 'must' {
    if (action.verb === 'refused' || action.verb === 'lost' || action.verb === 'get') return 'no'
    switch (target.verb) {
      case 'lost':
        return 'id' in action && action.id === target.id ? 'may' : 'no'
      case 'checkout':
        return action.verb === 'checkout' || (action.verb === 'resize' && action.cap <= state.cap)
          ? 'no'
          : 'may'
      default:
        return 'may'
    }
  }

  hinders(first: PoolAction, second: PoolAction): boolean {
    // On the way to the first, a lease may be given whose name nobody has seen.
    if (second.verb === 'lost' && !this.#seen.granted.has(second.id)) return true
    if (first.verb === 'refused' || first.verb === 'get') return false
    if (first.verb === 'lost')
      return (second.verb === 'checkin' || second.verb === 'renew') && first.id === second.id
    if (first.verb !== 'checkin') return true
    if (second.verb === 'checkin' || second.verb === 'renew') return first.id === second.id
    return second.verb !== 'checkout' && second.verb !== 'resize'
  }

  describe(state: PoolState): string {
    return `${usedOf(state)} of ${state.cap} units are out`
  }

  /** A lease that nobody will name again is as good as any other with its size and end. */
  #leaseKey({ id, units, ttlNs, untilNs, not }: Lease, nowNs: number): string {
    const isNamed = id !== undefined && (this.#seen.namedNs.get(id) ?? -1) >= nowNs
    const end = Math.max(untilNs, nowNs)
    if (isNamed) return `${id} ${units} ${ttlNs} ${end}`
    return not === undefined ? `? ${units} ${end}` : `? ${units} ${end} not ${not.join()}`
  }

  /** Where the lease may be: one that was answered is known; another may be any that nobody has seen. */
  #positions({ leases, named }: PoolState, id: string): readonly number[] {
    const known = leases.findIndex((lease) => lease.id === id)
    if (known >= 0) return [known]
    if (this.#seen.granted.has(id) || named.includes(id)) return []
    return leases.flatMap((lease, at) => (lease.id === undefined && !lease.not?.includes(id) ? [at] : []))
  }

  /** No lease that nobody has seen has this name. */
  #without(state: PoolState, id: string): PoolState {
    const { leases, named } = state
    const may = (lease: Lease): boolean => lease.id === undefined && !lease.not?.includes(id)
    if (this.#seen.granted.has(id) || named.includes(id) || !leases.some(may)) return state
    const excluded = leases.map((lease) =>
      may(lease) ? { ...lease, not: [...(lease.not ?? []), id].sort() } : lease,
    )
    return { ...state, leases: excluded }
  }

  #named({ named }: PoolState, id: string): readonly string[] {
    return this.#seen.granted.has(id) || named.includes(id) ? named : [...named, id].sort()
  }
}

function usedOf({ leases }: PoolState): number {
  let used = 0
  for (const { units } of leases) used += units
  return used
}
