import type { Contradiction, Model, Question, Step, Timed } from '../model.ts'
import { answerOf, integerField, textField, ttlOf } from './fields.ts'
import { tokensAtFault } from './lock-tokens.ts'
import { requestsOf } from './requests.ts'

/** `token` is `undefined` for a grant that nobody has seen; `untilNs` is `Infinity` for one that never ends. */
interface Holder {
  readonly owner: string
  readonly token: bigint | undefined
  readonly shared: boolean
  readonly ttlNs: number
  readonly untilNs: number
}

interface LockState {
  readonly holders: readonly Holder[]
  /** The largest token so far; at least this, if the last grant was not seen. */
  readonly largest: bigint | undefined
  /** How many of the grants that must happen have happened. */
  readonly granted: number
}

type LockAction =
  | {
      readonly verb: 'grant'
      readonly holder: Holder
      /** Which of the grants that must happen, in order of their tokens; `undefined` for one that may. */
      readonly order: number | undefined
    }
  | { readonly verb: 'again'; readonly owner: string; readonly token: bigint }
  | { readonly verb: 'refused'; readonly by: string | undefined }
  | { readonly verb: 'release' | 'lost'; readonly owner: string; readonly token: bigint | undefined }
  | {
      readonly verb: 'renew'
      readonly owner: string
      readonly token: bigint | undefined
      readonly callNs: number
      readonly ttlNs: number | undefined
    }
  | { readonly verb: 'get'; readonly owner: string | undefined; readonly token: bigint | undefined }

/**
 * A lock with fencing. It has one holder, or several that share it; each grant has a larger token than any before.
 * A holder with a ttl may vanish, at the earliest one ttl after the call of its acquire or of its last renew.
 * An acquire of a lock that its owner holds is refused, or answered with the same token and `already`.
 */
export function lockQuestion(timed: readonly Timed[]): Question<LockState, LockAction> | Contradiction {
  const atFault = tokensAtFault(timed)
  if (atFault !== undefined) return atFault
  const requests = requestsOf(timed, (operation) => isGrant(operation.op, answerOf(operation)))
  const steps: Step<LockAction>[] = []
  const grants: { readonly position: number; readonly token: bigint; readonly holder: Holder }[] = []
  /** Until when somebody has seen the holder of a token: so long it cannot vanish. */
  const seenNs = new Map<bigint, number>()
  for (const { operation, operations, callNs, returnNs } of requests) {
    const action = actionOf(operation.op, operation.args, answerOf(operation), callNs)
    if (action === undefined) continue
    const isCertain = returnNs !== Number.POSITIVE_INFINITY
    const observes = action.verb !== 'grant' && action.verb !== 'release' && action.verb !== 'renew'
    if (observes && !isCertain) continue
    if (action.verb === 'grant' && action.holder.token !== undefined && isCertain)
      grants.push({ position: steps.length, token: action.holder.token, holder: action.holder })
    else if (
      isCertain &&
      (action.verb === 'again' ||
        action.verb === 'release' ||
        action.verb === 'renew' ||
        action.verb === 'get') &&
      action.token !== undefined
    )
      seenNs.set(action.token, Math.max(callNs, seenNs.get(action.token) ?? callNs))
    steps.push({ action, callNs, returnNs, observes, operations })
  }
  grants.sort((a, b) => (a.token < b.token ? -1 : 1))
  for (const [order, { position }] of grants.entries()) {
    const step = steps[position]!
    if (step.action.verb === 'grant') steps[position] = { ...step, action: { ...step.action, order } }
  }
  return {
    model: new Lock(
      grants.map(({ holder }) => holder),
      seenNs,
    ),
    steps,
  }
}

function isGrant(op: string, answer: ReturnType<typeof answerOf>): boolean {
  return op === 'lock.acquire' && answer?.ok === true && answer.already !== true
}

/** `undefined` for what says nothing: a read without an answer. */
function actionOf(
  op: string,
  args: Timed['operation']['args'],
  answer: ReturnType<typeof answerOf>,
  callNs: number,
): LockAction | undefined {
  const owner = textField(args, 'owner') ?? ''
  const token = integerField(args, 'token')
  const isRefused = answer?.ok === false
  if (op === 'lock.get') {
    if (answer === undefined) return undefined
    const holder = textField(answer, 'holder')
    return { verb: 'get', owner: holder === '' ? undefined : holder, token: integerField(answer, 'token') }
  }
  if (op === 'lock.acquire') {
    if (isRefused) return { verb: 'refused', by: textField(answer, 'holder') || undefined }
    const granted = answer === undefined ? undefined : integerField(answer, 'token')
    if (answer?.already === true && granted !== undefined) return { verb: 'again', owner, token: granted }
    const ttlNs = ttlOf(args) ?? Number.POSITIVE_INFINITY
    const shared = args.mode === 'shared'
    return {
      verb: 'grant',
      holder: { owner, token: granted, shared, ttlNs, untilNs: callNs + ttlNs },
      order: undefined,
    }
  }
  if (isRefused) return { verb: 'lost', owner, token }
  return op === 'lock.release'
    ? { verb: 'release', owner, token }
    : { verb: 'renew', owner, token, callNs, ttlNs: ttlOf(args) }
}

class Lock implements Model<LockState, LockAction> {
  readonly initial: readonly LockState[] = [{ holders: [], largest: undefined, granted: 0 }]
  /** Grants that must happen, in order of their tokens. */
  readonly #grants: readonly Holder[]
  readonly #tokens: readonly bigint[]
  readonly #orders: ReadonlyMap<bigint, number>
  readonly #seenNs: ReadonlyMap<bigint, number>

  constructor(grants: readonly Holder[], seenNs: ReadonlyMap<bigint, number>) {
    this.#grants = grants
    this.#tokens = grants.map(({ token }) => token!)
    this.#orders = new Map(this.#tokens.map((token, order) => [token, order]))
    this.#seenNs = seenNs
  }

  key({ holders, largest, granted }: LockState, nowNs: number): string {
    const each = holders
      .map(
        ({ owner, token, shared, ttlNs, untilNs }) =>
          `${owner} ${token ?? '?'} ${shared} ${ttlNs} ${Math.max(untilNs, nowNs)}`,
      )
      .sort()
    return `${granted} ${largest} ${each.join(',')}`
  }

  take(state: LockState, action: LockAction): readonly LockState[] {
    switch (action.verb) {
      case 'grant':
        return this.#grant(state, action.holder, action.order)
      case 'again':
        return this.#found(state, action.owner, action.token)
      case 'refused':
        return state.holders.some(({ owner }) => action.by === undefined || owner === action.by)
          ? [state]
          : []
      case 'release': {
        const at = find(state, action.owner, action.token)
        if (at < 0) return []
        return this.#bind(state, at, action.token).map((bound) => ({
          ...bound,
          holders: bound.holders.filter((_, position) => position !== at),
        }))
      }
      case 'lost': {
        const at = find(state, action.owner, action.token)
        return at < 0 || (action.token !== undefined && state.holders[at]!.token === undefined) ? [state] : []
      }
      case 'renew': {
        const at = find(state, action.owner, action.token)
        if (at < 0) return []
        return this.#bind(state, at, action.token).map((bound) => {
          const holder = bound.holders[at]!
          const ttlNs = action.ttlNs ?? holder.ttlNs
          return {
            ...bound,
            holders: bound.holders.with(at, { ...holder, ttlNs, untilNs: action.callNs + ttlNs }),
          }
        })
      }
      case 'get':
        if (action.owner === undefined) return state.holders.length === 0 ? [state] : []
        return this.#found(state, action.owner, action.token)
    }
  }

  lapse(state: LockState, nowNs: number): readonly LockState[] {
    return state.holders.flatMap(({ token, untilNs }, at) => {
      if (untilNs > nowNs || (token !== undefined && (this.#seenNs.get(token) ?? 0) > nowNs)) return []
      return [{ ...state, holders: state.holders.filter((_, position) => position !== at) }]
    })
  }

  kind(action: LockAction, nowNs: number): string {
    switch (action.verb) {
      case 'grant': {
        const { owner, token, shared, ttlNs, untilNs } = action.holder
        return `grant ${owner} ${token ?? '?'} ${shared} ${ttlNs} ${Math.max(untilNs, nowNs)}`
      }
      case 'release':
        return `release ${action.owner} ${action.token}`
      case 'renew': {
        const { owner, token, ttlNs, callNs } = action
        return `renew ${owner} ${token} ${ttlNs} ${ttlNs === undefined ? callNs : Math.max(callNs + ttlNs, nowNs)}`
      }
      default:
        return action.verb
    }
  }

  helps(state: LockState, action: LockAction, target: LockAction): 'no' | 'may' | 'must' {
    if (action.verb !== 'grant' && action.verb !== 'release' && action.verb !== 'renew') return 'no'
    const token = tokenOf(target)
    const order = token === undefined ? undefined : this.#orders.get(token)
    if (target.verb === 'lost' && token !== undefined)
      return tokenOf(action) === token && action.verb !== 'grant' ? 'may' : 'no'
    if (target.verb === 'get' && target.owner === undefined)
      return action.verb === 'grant' ? 'no' : isRelease(state, action) ? 'must' : 'may'
    if (order === undefined) return 'may'
    // Its token is gone for ever, or still to be granted: then first all grants before it, in their order.
    if (order < state.granted) return 'no'
    const next = this.#grants[state.granted]!
    const isBlocked = !isFreeFor(state, next)
    if (action.verb === 'grant') return action.holder === next && !isBlocked ? 'must' : 'no'
    if (!isBlocked) return 'no'
    return isRelease(state, action) ? 'must' : 'may'
  }

  hinders(first: LockAction, second: LockAction): boolean {
    if (first.verb !== 'grant' && first.verb !== 'release' && first.verb !== 'renew') return false
    if (second.verb === 'grant') return first.verb === 'grant'
    if (second.verb === 'release' && first.verb === 'grant')
      return second.token === undefined || !this.#orders.has(second.token)
    if ((second.verb === 'release' || second.verb === 'renew') && first.verb !== 'grant')
      return first.token === undefined || second.token === undefined || first.token === second.token
    return true
  }

  describe({ holders }: LockState): string {
    if (holders.length === 0) return 'nobody holds it'
    return holders
      .map(
        ({ owner, token }) =>
          `${owner} holds it with ${token === undefined ? 'an unseen token' : `token ${token}`}`,
      )
      .join(', ')
  }

  #grant(state: LockState, holder: Holder, order: number | undefined): readonly LockState[] {
    const { holders, largest, granted } = state
    if (!isFreeFor(state, holder)) return []
    if (order !== undefined && order !== granted) return []
    if (holder.token === undefined) {
      // Its token lies between the ones around it: the next one seen must leave room.
      const seen = largest === undefined ? undefined : largest + 1n
      const next = this.#tokens[granted]
      if (seen !== undefined && next !== undefined && next <= seen) return []
      return [{ ...state, holders: [...holders, holder], largest: seen }]
    }
    if (largest !== undefined && holder.token <= largest) return []
    const next = this.#tokens[granted]
    if (order === undefined && next !== undefined && holder.token >= next) return []
    return [
      {
        holders: [...holders, holder],
        largest: holder.token,
        granted: order === undefined ? granted : granted + 1,
      },
    ]
  }

  #found(state: LockState, owner: string, token: bigint | undefined): readonly LockState[] {
    const at = find(state, owner, token)
    return at < 0 ? [] : this.#bind(state, at, token)
  }

  /** The same state, or the one that knows the token of a grant that nobody had seen. */
  #bind(state: LockState, at: number, token: bigint | undefined): readonly LockState[] {
    const holder = state.holders[at]!
    if (token === undefined || holder.token !== undefined) return [state]
    const next = this.#tokens[state.granted]
    if ((state.largest !== undefined && token < state.largest) || (next !== undefined && token >= next))
      return []
    return [{ ...state, holders: state.holders.with(at, { ...holder, token }), largest: token }]
  }
}

function tokenOf(action: LockAction): bigint | undefined {
  if (action.verb === 'refused') return undefined
  return action.verb === 'grant' ? action.holder.token : action.token
}

/** Whether it takes away one that holds the lock now, with that very token. */
function isRelease({ holders }: LockState, action: LockAction): boolean {
  return (
    action.verb === 'release' &&
    holders.some(
      ({ owner, token }) => owner === action.owner && token !== undefined && token === action.token,
    )
  )
}

function isFreeFor({ holders }: LockState, { shared }: Holder): boolean {
  return shared ? holders.every((holder) => holder.shared) : holders.length === 0
}

/** Position of the holder, one with that very token first; a grant that nobody has seen fits any token. */
function find({ holders }: LockState, owner: string, token: bigint | undefined): number {
  const exact = holders.findIndex(
    (holder) => holder.owner === owner && (token === undefined || holder.token === token),
  )
  if (exact >= 0 || token === undefined) return exact
  return holders.findIndex((holder) => holder.owner === owner && holder.token === undefined)
}
