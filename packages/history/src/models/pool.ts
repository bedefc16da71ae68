import { limits } from '../limits.ts'
import type { Contradiction, Model, Question, Step, Timed } from '../model.ts'
import { answerOf, countField, textField, ttlOf } from './fields.ts'
import { leasesAtFault } from './pool-leases.ts'
import { requestsOf } from './requests.ts'

/** `id` is `undefined` for a lease that nobody has seen; `untilNs` is `Infinity` for one that never ends. */
interface Lease {
  readonly id: string | undefined
  readonly units: number
  readonly ttlNs: number
  readonly untilNs: number
}

interface PoolState {
  readonly cap: number
  readonly leases: readonly Lease[]
  /** Leases that nobody saw being given, but somebody named. */
  readonly named: readonly string[]
}

type PoolAction =
  | { readonly verb: 'resize'; readonly cap: number }
  | { readonly verb: 'checkout'; readonly lease: Lease }
  | { readonly verb: 'refused'; readonly units: number }
  | { readonly verb: 'checkin' | 'lost'; readonly id: string }
  | {
      readonly verb: 'renew'
      readonly id: string
      readonly callNs: number
      readonly ttlNs: number | undefined
    }
  | { readonly verb: 'get'; readonly used: number | undefined; readonly cap: number | undefined }

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
  const seen: Seen = { aliveNs: new Map(), namedNs: new Map(), granted: new Set() }
  for (const { operation, operations, callNs, returnNs } of requests) {
    const action = actionOf(operation, callNs)
    if (action === undefined) continue
    const observes = action.verb === 'refused' || action.verb === 'lost' || action.verb === 'get'
    if (observes && returnNs === Number.POSITIVE_INFINITY) continue
    if (action.verb === 'checkout' && action.lease.id !== undefined) {
      seen.granted.add(action.lease.id)
      granted.set(action.lease.id, action.lease.units)
    }
    if (action.verb === 'checkin' || action.verb === 'renew' || action.verb === 'lost') {
      namings.set(action.id, (namings.get(action.id) ?? 0) + 1)
      seen.namedNs.set(action.id, Math.max(returnNs, seen.namedNs.get(action.id) ?? returnNs))
      if (action.verb !== 'lost' && returnNs !== Number.POSITIVE_INFINITY)
        seen.aliveNs.set(action.id, Math.max(callNs, seen.aliveNs.get(action.id) ?? callNs))
    }
    // A smaller pool refuses what nobody saw being granted a moment before.
    const narrows = action.verb === 'resize'
    steps.push({ action, callNs, returnNs, observes, narrows, operations })
  }
  return {
    model: new Pool(seen, firstCapacities(steps)),
    steps: steps.map((step) => ({ ...step, alike: alike(step) })),
  }

  /** The units, if nothing else can be seen of which lease it is while the step is open. */
  function alike({ action, returnNs }: Step<PoolAction>): string | undefined {
    if (action.verb === 'checkout' && action.lease.untilNs > returnNs) return `checkout ${action.lease.units}`
    if (action.verb !== 'checkin' || namings.get(action.id) !== 1) return undefined
    const units = granted.get(action.id)
    return units === undefined ? undefined : `checkin ${units}`
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

function actionOf(operation: Timed['operation'], callNs: number): PoolAction | undefined {
  const { op, args } = operation
  const answer = answerOf(operation)
  const isRefused = answer?.ok === false
  const id = textField(args, 'lease') ?? ''
  switch (op) {
    case 'pool.resize':
      // A refusal says nothing about the pool.
      return isRefused ? undefined : { verb: 'resize', cap: countField(args, 'cap') ?? 0 }
    case 'pool.checkout': {
      const units = countField(args, 'n') ?? 1
      if (isRefused) return { verb: 'refused', units }
      const ttlNs = ttlOf(args) ?? Number.POSITIVE_INFINITY
      const lease = answer === undefined ? undefined : textField(answer, 'lease')
      return { verb: 'checkout', lease: { id: lease, units, ttlNs, untilNs: callNs + ttlNs } }
    }
    case 'pool.get':
      return answer === undefined
        ? undefined
        : { verb: 'get', used: countField(answer, 'used'), cap: countField(answer, 'cap') }
    case 'pool.checkin':
      return { verb: isRefused ? 'lost' : 'checkin', id }
    default:
      return isRefused ? { verb: 'lost', id } : { verb: 'renew', id, callNs, ttlNs: ttlOf(args) }
  }
}

/**
 * What the capacity may be before anybody sets it: what is seen of it, if nobody ever sets it; nothing that matters,
 * if it is set before anything else; otherwise any number up to all units that anybody ever asked for.
 */
function firstCapacities(steps: readonly Step<PoolAction>[]): readonly number[] {
  const seen = new Set<number>()
  let isSet = false
  let units = 0
  let [setNs, calledNs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const { action, callNs, returnNs } of steps) {
    if (action.verb === 'get' && action.cap !== undefined) seen.add(action.cap)
    if (action.verb === 'checkout') units += action.lease.units
    if (action.verb === 'refused') units += action.units
    if (action.verb === 'resize') {
      isSet = true
      setNs = Math.min(setNs, returnNs)
    } else calledNs = Math.min(calledNs, callNs)
  }
  if (setNs < calledNs) return [0]
  if (!isSet && seen.size > 0) return [...seen]
  const any = Array.from({ length: Math.min(units, limits.firstCapacityMax) + 1 }, (_, cap) => cap)
  return [...new Set([...any, ...seen])]
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
        return leases.some(({ id }) => id === action.id) ? [] : [state]
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
          const renewed = { ...lease, id: action.id, ttlNs, untilNs: action.callNs + ttlNs }
          return { ...state, leases: leases.with(at, renewed), named: this.#named(state, action.id) }
        })
    }
  }

  lapse(state: PoolState, nowNs: number, target: PoolAction): readonly PoolState[] {
    const tried = new Set<string>()
    return state.leases.flatMap((lease, at) => {
      if (lease.untilNs > nowNs || (target.verb === 'lost' && lease.id !== target.id)) return []
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
    if (first.verb === 'refused' || first.verb === 'lost' || first.verb === 'get') return false
    if (first.verb !== 'checkin') return true
    if (second.verb === 'checkin' || second.verb === 'renew') return first.id === second.id
    return second.verb !== 'checkout' && second.verb !== 'resize'
  }

  describe(state: PoolState): string {
    return `${usedOf(state)} of ${state.cap} units are out`
  }

  /** A lease that nobody will name again is as good as any other with its size and end. */
  #leaseKey({ id, units, ttlNs, untilNs }: Lease, nowNs: number): string {
    const isNamed = id !== undefined && (this.#seen.namedNs.get(id) ?? -1) >= nowNs
    const end = Math.max(untilNs, nowNs)
    return isNamed ? `${id} ${units} ${ttlNs} ${end}` : `? ${units} ${end}`
  }

  /** Where the lease may be: one that was answered is known; another may be any that nobody has seen. */
  #positions({ leases, named }: PoolState, id: string): readonly number[] {
    const known = leases.findIndex((lease) => lease.id === id)
    if (known >= 0) return [known]
    if (this.#seen.granted.has(id) || named.includes(id)) return []
    return leases.flatMap((lease, at) => (lease.id === undefined ? [at] : []))
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
