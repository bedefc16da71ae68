import type { Operation } from '../src/index.ts'

/** All that one object of each kind may remember. Plain enough to be seen right. */
interface World {
  readonly nowNs: number
  readonly largest: number
  /** Who holds what: of the lock, or of the pool. `token` -1 is one nobody saw. */
  readonly held: readonly Held[]
  /** Every lease there ever was. */
  readonly given: readonly string[]
  readonly cap: number
  readonly next: number
  /** Numbers that came back. */
  readonly free: readonly number[]
  readonly value: number | null
  /** Answers that requests got. */
  readonly answers: { readonly [id: string]: number | string }
}

interface Held {
  readonly owner: string
  readonly token: number
  readonly lease: string
  readonly units: number
  readonly ttlNs: number
  readonly endNs: number
  readonly shared?: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: the tests make these fields themselves
type Fields = any

/**
 * Tries every order of the operations, every choice of unknown ones and every end of a lease. Tokens of unseen
 * grants are tried from 1 to `tokenMax`.
 */
export function isPossible(operations: readonly Operation[], cap: number, tokenMax: number): boolean {
  const world: World = {
    nowNs: 0,
    largest: 0,
    held: [],
    given: [],
    cap,
    next: 1,
    free: [],
    value: null,
    answers: {},
  }
  return goOn(world, operations, tokenMax)
}

function goOn(world: World, left: readonly Operation[], tokenMax: number): boolean {
  if (left.every(({ status }) => status !== 'ok')) return true
  for (const [at, held] of world.held.entries()) {
    const free = held.lease === 'number' ? [...world.free, held.token] : world.free
    const nowNs = Math.max(world.nowNs, held.endNs)
    if (nowNs === Number.POSITIVE_INFINITY) continue
    if (left.some(({ status, returnNs }) => status === 'ok' && Number(returnNs) < nowNs)) continue
    if (goOn({ ...world, nowNs, free, held: world.held.toSpliced(at, 1) }, left, tokenMax)) return true
  }
  for (const [at, operation] of left.entries()) {
    const nowNs = Math.max(world.nowNs, Number(operation.callNs))
    if (left.some(({ status, returnNs }) => status === 'ok' && Number(returnNs) < nowNs)) continue
    const rest = left.toSpliced(at, 1)
    for (const after of effects({ ...world, nowNs }, operation, tokenMax))
      if (goOn(after, rest, tokenMax)) return true
  }
  return false
}

/** The worlds in which this operation got its answer, or had some effect if it has none. */
function effects(world: World, operation: Operation, tokenMax: number): World[] {
  const args: Fields = operation.args
  const isKnown = operation.status === 'ok'
  const ret: Fields = isKnown ? operation.ret : undefined
  const same = (is: boolean): World[] => (!isKnown || is ? [world] : [])
  const id = args.req_id === undefined ? undefined : JSON.stringify([operation.op, args])
  const answered = id === undefined ? undefined : world.answers[id]
  const remember = (answer: number | string) =>
    id === undefined ? world.answers : { ...world.answers, [id]: answer }
  const start = Number(operation.callNs)
  const ttlNs = args.ttl_ms === undefined ? Number.POSITIVE_INFINITY : args.ttl_ms * 1e6
  const mine = world.held.findIndex(({ owner, token, lease }) =>
    args.lease === undefined ? owner === args.owner && token === args.token : lease === args.lease,
  )
  const settle = (then: () => World): World[] => {
    if (isKnown && ret.ok !== mine >= 0) return []
    return mine >= 0 ? [then()] : [world]
  }
  const used = world.held.reduce((sum, { units }) => sum + units, 0)
  switch (operation.op) {
    case 'lock.acquire': {
      if (answered !== undefined && (!isKnown || ret.ok)) return same(ret?.token === answered)
      const owners = world.held.map(({ owner }) => owner)
      if (isKnown && ret.already)
        return same(world.held.some(({ owner, token }) => owner === args.owner && token === ret.token))
      const shared = args.mode === 'shared'
      if (isKnown && !ret.ok)
        return same(owners.length > 0 && (ret.holder === undefined || owners.includes(ret.holder)))
      if (world.held.some((each) => !shared || !each.shared)) return same(false)
      const tokens = isKnown ? [ret.token] : Array.from({ length: tokenMax }, (_, token) => token + 1)
      return tokens
        .filter((token) => token > world.largest)
        .map((token) => {
          const held = { owner: args.owner, token, lease: '', units: 0, ttlNs, endNs: start + ttlNs, shared }
          return { ...world, largest: token, held: [...world.held, held], answers: remember(token) }
        })
    }
    case 'lock.release':
    case 'pool.checkin':
      return settle(() => ({ ...world, held: world.held.toSpliced(mine, 1) }))
    case 'lock.renew':
    case 'pool.renew':
      return settle(() => {
        const held = world.held[mine]!
        const renewed = args.ttl_ms === undefined ? held.ttlNs : ttlNs
        return { ...world, held: world.held.with(mine, { ...held, ttlNs: renewed, endNs: start + renewed }) }
      })
    case 'lock.get': {
      if (world.held.length === 0) return same(ret?.holder === '')
      return same(
        world.held.some(
          ({ owner, token }) => ret?.holder === owner && (ret.token === undefined || ret.token === token),
        ),
      )
    }
    case 'fence.write': {
      const fits = args.token >= world.largest
      if (isKnown && ret.ok !== fits) return []
      return [fits ? { ...world, largest: args.token } : world]
    }
    case 'seq.next': {
      if (answered !== undefined) return same(ret?.value === answered)
      const free = args.n === undefined ? world.free : []
      return [world.next, ...free]
        .filter((value) => !isKnown || ret.value === value)
        .map((value) => ({
          ...world,
          next: value === world.next ? value + (args.n ?? 1) : world.next,
          free: world.free.filter((each) => each !== value),
          answers: remember(value),
        }))
    }
    case 'seq.reserve': {
      if (answered !== undefined) return same(ret?.value === answered)
      return [world.next, ...world.free]
        .filter((value) => !isKnown || ret.value === value)
        .map((value) => {
          const held = { owner: '', token: value, lease: 'number', units: 0, ttlNs, endNs: start + ttlNs }
          return {
            ...world,
            next: Math.max(world.next, value + 1),
            free: world.free.filter((each) => each !== value),
            held: [...world.held, held],
            answers: remember(value),
          }
        })
    }
    case 'seq.raise':
      return [{ ...world, next: Math.max(world.next, args.next) }]
    case 'seq.confirm':
    case 'seq.rollback': {
      const at = world.held.findIndex(({ token }) => token === args.value)
      if (isKnown && ret.ok !== at >= 0) return []
      if (at < 0) return [world]
      const free = operation.op === 'seq.rollback' ? [...world.free, args.value] : world.free
      return [{ ...world, free, held: world.held.toSpliced(at, 1) }]
    }
    case 'seq.get':
      return same(ret?.next === world.next)
    case 'pool.resize':
      return [{ ...world, cap: args.cap }]
    case 'pool.checkout': {
      if (answered !== undefined && (!isKnown || ret.ok)) return same(ret?.lease === answered)
      const fits = used + (args.n ?? 1) <= world.cap
      if (isKnown && ret.ok !== fits) return []
      if (!fits) return [world]
      // An unseen lease may turn out to be one that somebody names later.
      const leases = isKnown ? [ret.lease] : [`unseen ${world.given.length}`, 'l1', 'l2']
      return leases
        .filter((lease) => !world.given.includes(lease))
        .map((lease) => {
          const held = { owner: '', token: 0, lease, units: args.n ?? 1, ttlNs, endNs: start + ttlNs }
          return {
            ...world,
            held: [...world.held, held],
            given: [...world.given, lease],
            answers: remember(lease),
          }
        })
    }
    case 'pool.get':
      return same(ret?.used === used && (ret.cap === undefined || ret.cap === world.cap))
    case 'register.read':
      return same(ret?.value === world.value)
    case 'register.write':
      return [{ ...world, value: args.value }]
    case 'register.cas':
      if (isKnown && ret.ok !== (world.value === args.from)) return []
      return [world.value === args.from ? { ...world, value: args.to } : world]
    default:
      throw new RangeError(`no such operation: ${operation.op}`)
  }
}
