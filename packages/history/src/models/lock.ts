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
  const grants: (Due & { readonly position: number })[] = []
  const names: Named[] = []
  /** Until when somebody has seen the holder of a token: so long it cannot vanish. */
  const seenNs = new Map<bigint, number>()
  for (const { operation, operations, callNs, returnNs } of requests) {
    const action = actionOf(operation.op, operation.args, answerOf(operation), callNs)
    if (action === undefined) continue
    const isCertain = returnNs !== Number.POSITIVE_INFINITY
    const observes = action.verb !== 'grant' && action.verb !== 'release' && action.verb !== 'renew'
    if (observes && !isCertain) continue
    const token = tokenOf(action)
    if (action.verb === 'grant') {
      if (token !== undefined && isCertain)
        grants.push({ position: steps.length, token, owner: action.holder.owner, holder: action.holder })
    } else if (token !== undefined && action.verb !== 'lost' && action.verb !== 'refused') {
      names.push({ token, owner: action.owner ?? '', isCertain })
      if (isCertain) seenNs.set(token, Math.max(callNs, seenNs.get(token) ?? callNs))
    }
    steps.push({ action, callNs, returnNs, observes, operations })
  }
  // A holder that was certainly seen must have been granted its token, though nobody saw that.
  const granted = new Set(grants.map(({ token }) => token))
  const unseen = new Map<bigint, Due>()
  for (const { token, owner, isCertain } of names)
    if (isCertain && !granted.has(token) && !unseen.has(token))
      unseen.set(token, { token, owner, holder: undefined })
  const due: (Due & { readonly position?: number })[] = [...grants, ...unseen.values()]
  due.sort((a, b) => (a.token < b.token ? -1 : 1))
  for (const [order, { position }] of due.entries()) {
    const step = position === undefined ? undefined : steps[position]
    if (step?.action.verb === 'grant') steps[position!] = { ...step, action: { ...step.action, order } }
  }
  return { model: new Lock(due, names, seenNs), steps }
}

/** A grant that must happen. */
interface Due {
  readonly token: bigint
  readonly owner: string
  /** `undefined` if nobody saw the grant itself. */
  readonly holder: Holder | undefined
}

/** A token in somebody's hands, as an operation names it. */
interface Named {
  readonly token: bigint
  readonly owner: string
  readonly isCertain: boolean
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
  readonly #due: readonly Due[]
  readonly #orders: ReadonlyMap<bigint, number>
  /** Tokens that operations name as this owner's. */
  readonly #names = new Map<string, Set<bigint>>()
  readonly #seenNs: ReadonlyMap<bigint, number>

  constructor(due: readonly Due[], names: readonly Named[], seenNs: ReadonlyMap<bigint, number>) {
    this.#due = due
    this.#orders = new Map(due.map(({ token }, order) => [token, order]))
    for (const { token, owner } of names) {
      const order = this.#orders.get(token)
      if (order !== undefined && due[order]!.holder !== undefined) continue
      const mine = this.#names.get(owner)
      if (mine === undefined) this.#names.set(owner, new Set([token]))
      else mine.add(token)
    }
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
        return find(state, action.owner, action.token) < 0 ? [] : [state]
      case 'refused':
        return state.holders.some(({ owner }) => action.by === undefined || owner === action.by)
          ? [state]
          : []
      case 'release': {
        const at = find(state, action.owner, action.token)
        return at < 0 ? [] : [{ ...state, holders: state.holders.toSpliced(at, 1) }]
      }
      case 'lost':
        return find(state, action.owner, action.token) < 0 ? [state] : []
      case 'renew': {
        const at = find(state, action.owner, action.token)
        if (at < 0) return []
        const holder = state.holders[at]!
        const ttlNs = action.ttlNs ?? holder.ttlNs
        return [
          { ...state, holders: state.holders.with(at, { ...holder, ttlNs, untilNs: action.callNs + ttlNs }) },
        ]
      }
      case 'get':
        if (action.owner === undefined) return state.holders.length === 0 ? [state] : []
        return find(state, action.owner, action.token) < 0 ? [] : [state]
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
    const next = this.#due[state.granted]!
    if (next.holder === undefined) {
      if (action.verb === 'grant') return action.holder.owner === next.owner ? 'may' : 'no'
      return 'may'
    }
    const isBlocked = !isFreeFor(state, next.holder)
    if (action.verb === 'grant') return action.holder === next.holder && !isBlocked ? 'must' : 'no'
    if (!isBlocked) return 'no'
    return isRelease(state, action) ? 'must' : 'may'
  }

  hinders(first: LockAction, second: LockAction): boolean {
    if (first.verb !== 'grant' && first.verb !== 'release' && first.verb !== 'renew') return false
    if (second.verb === 'grant') return first.verb === 'grant'
    if (second.verb === 'release' && first.verb === 'grant') return second.token === undefined
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
    if (!isFreeFor(state, holder)) return []
    if (holder.token !== undefined) return this.#grantWith(state, holder, order)
    // Nobody saw its token: one that is named as this owner's later on, or one that never shows. That one lies
    // between the tokens around it: the next that is due must leave room.
    const states = [...(this.#names.get(holder.owner) ?? [])].flatMap((token) =>
      this.#grantWith(state, { ...holder, token }, this.#orders.get(token)),
    )
    const { holders, largest, granted } = state
    const token = largest === undefined ? undefined : largest + 1n
    const next = this.#due[granted]?.token
    if (token === undefined || next === undefined || token < next)
      states.push({ ...state, holders: [...holders, holder], largest: token })
    return states
  }

  /** `order` is `undefined` for a grant that need not happen: it may not pass over one that must. */
  #grantWith(state: LockState, holder: Holder, order: number | undefined): LockState[] {
    const { holders, largest, granted } = state
    const token = holder.token!
    if (largest !== undefined && token <= largest) return []
    const next = this.#due[granted]
    if (order === undefined ? next !== undefined && token >= next.token : order !== granted) return []
    return [
      { holders: [...holders, holder], largest: token, granted: order === undefined ? granted : granted + 1 },
    ]
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

/** Position of the holder, less than 0 if it holds nothing. */
function find({ holders }: LockState, owner: string, token: bigint | undefined): number {
  return holders.findIndex(
    (holder) => holder.owner === owner && (token === undefined || holder.token === token),
  )
}
