import type { Json, Operation } from '../src/index.ts'

/** Folklore bugs that the service can be given. Each shows in a few operations of a run. */
export const bugs = [
  'staleGet',
  'doubleGrant',
  'tokenReuse',
  'earlyLease',
  'lostRelease',
  'duplicateNumber',
  'gap',
  'forgottenRetry',
  'overfullPool',
  'leakedUnit',
  'oldTokenTaken',
] as const

export type Bug = (typeof bugs)[number]

export interface RunOptions {
  readonly seed: number
  readonly operations: number
  readonly clients: number
  /** Objects of each kind. */
  readonly objects: number
  /** Share of the calls whose outcome nobody learns. */
  readonly unknown: number
  readonly bug?: Bug
}

/** Mulberry32: numbers in 0..1 from a seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface LockRow {
  owner: string
  token: number
  untilUs: number
  largest: number
  before: { readonly owner: string; readonly token: number }
}

interface PoolRow {
  readonly cap: number
  readonly leases: Map<string, { readonly units: number; untilUs: number }>
  leaked: number
}

/** Clients that ask a small service at random, and what they saw. Times are microseconds inside. */
export function run({ seed, operations, clients, objects, unknown, bug }: RunOptions): Operation[] {
  const random = randomOf(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!
  const hits = (is: Bug): boolean => bug === is && random() < 0.15

  const locks = Array.from({ length: objects }, (): LockRow => {
    return { owner: '', token: 0, untilUs: 0, largest: 0, before: { owner: '', token: 0 } }
  })
  const pools = Array.from({ length: objects }, (): PoolRow => ({ cap: 5, leases: new Map(), leaked: 0 }))
  const sequences = Array.from({ length: objects }, () => ({
    next: 1,
    before: 1,
    answers: new Map<string, number>(),
  }))
  const fences = Array.from({ length: objects }, () => ({ largest: 0 }))

  /** What a client remembers: the token of each lock it took, its leases, a request it may send again. */
  const memory = Array.from({ length: clients }, (_, index) => ({
    name: `c${index}`,
    freeUs: below(2000),
    tokens: new Map<number, number>(),
    leases: [] as { readonly pool: number; readonly lease: string }[],
    retry: undefined as { readonly seq: number; readonly request: string } | undefined,
  }))
  let lives = clients
  let names = 0

  const history: Operation[] = []
  /** What was asked and has not yet taken effect, soonest first when it is taken out. */
  const waiting: { readonly effectUs: number; readonly effect: () => void }[] = []
  const settle = (untilUs: number): void => {
    for (;;) {
      let first = -1
      for (const [at, { effectUs }] of waiting.entries())
        if (effectUs <= untilUs && (first < 0 || effectUs < waiting[first]!.effectUs)) first = at
      if (first < 0) return
      const [taken] = waiting.splice(first, 1)
      taken!.effect()
    }
  }

  for (let count = 0; count < operations; count++) {
    const client = memory.reduce((a, b) => (b.freeUs < a.freeUs ? b : a))
    const callUs = client.freeUs
    settle(callUs)
    const effectUs = callUs + 1 + below(3000)
    const returnUs = effectUs + below(3000)
    const isLost = random() < unknown
    let op = ''
    let args: { readonly [key: string]: Json } = {}
    let serve: (nowUs: number) => Json = () => null
    let learn: (ret: { readonly [key: string]: Json }) => void = () => {}
    const retried = client.retry
    const at = retried?.seq ?? below(objects)
    const kind = retried === undefined ? pick(['lock', 'pool', 'pool', 'seq', 'fence']) : 'seq'

    if (kind === 'lock') {
      const row = locks[at]!
      const token = client.tokens.get(at)
      const lapse = (nowUs: number): void => {
        const early = hits('earlyLease') ? 8000 : 0
        if (row.owner !== '' && row.untilUs <= nowUs + early) row.owner = ''
      }
      const verb =
        token !== undefined && random() < 0.5
          ? pick(['release', 'renew'])
          : pick(['acquire', 'acquire', 'get'])
      op = `lock.${verb}`
      const ttl = verb === 'renew' || random() < 0.7 ? { ttl_ms: pick([5, 10, 20]) } : {}
      const untilOf = (nowUs: number): number =>
        ttl.ttl_ms === undefined ? Number.POSITIVE_INFINITY : nowUs + ttl.ttl_ms * 1000
      if (verb === 'acquire') {
        args = { lock: `L${at}`, owner: client.name, ...ttl }
        serve = (nowUs) => {
          lapse(nowUs)
          if (row.owner !== '' && !hits('doubleGrant')) return { ok: false, holder: row.owner }
          row.before = { owner: row.owner, token: row.token }
          if (!hits('tokenReuse') || row.largest === 0) row.largest += 1 + below(2)
          Object.assign(row, { owner: client.name, token: row.largest, untilUs: untilOf(nowUs) })
          return { ok: true, token: row.token }
        }
        learn = (ret) => {
          if (ret.ok === true) client.tokens.set(at, Number(ret.token))
        }
      } else if (verb === 'get') {
        args = { lock: `L${at}` }
        serve = (nowUs) => {
          lapse(nowUs)
          const seen = hits('staleGet') ? row.before : row
          return seen.owner === '' ? { holder: '' } : { holder: seen.owner, token: seen.token }
        }
      } else {
        args = { lock: `L${at}`, owner: client.name, token: token!, ...(verb === 'renew' ? ttl : {}) }
        const isRenew = verb === 'renew'
        serve = (nowUs) => {
          lapse(nowUs)
          if (row.owner !== client.name || row.token !== token) return { ok: false }
          if (isRenew) row.untilUs = untilOf(nowUs)
          else if (!hits('lostRelease')) {
            row.before = { owner: row.owner, token: row.token }
            row.owner = ''
          }
          return { ok: true }
        }
        learn = (ret) => {
          if (!isRenew || ret.ok === false) client.tokens.delete(at)
        }
      }
    } else if (kind === 'pool') {
      const held = client.leases.length > 0 && random() < 0.6 ? pick(client.leases) : undefined
      const row = pools[held?.pool ?? at]!
      const name = `P${held?.pool ?? at}`
      const used = (nowUs: number): number => {
        let sum = row.leaked
        for (const [lease, { units, untilUs }] of row.leases)
          if (untilUs <= nowUs) row.leases.delete(lease)
          else sum += units
        return sum
      }
      if (held !== undefined) {
        op = 'pool.checkin'
        args = { pool: name, lease: held.lease }
        serve = (nowUs) => {
          used(nowUs)
          if (hits('leakedUnit') && row.leases.has(held.lease)) row.leaked++
          return { ok: row.leases.delete(held.lease) }
        }
        learn = () => client.leases.splice(client.leases.indexOf(held), 1)
      } else if (random() < 0.2) {
        op = 'pool.get'
        args = { pool: name }
        serve = (nowUs) => ({ used: used(nowUs), cap: row.cap })
      } else {
        const units = pick([1, 1, 2])
        const ttl = random() < 0.5 ? { ttl_ms: pick([10, 40]) } : {}
        op = 'pool.checkout'
        args = { pool: name, n: units, ...ttl }
        serve = (nowUs) => {
          if (used(nowUs) + units > row.cap && !hits('overfullPool')) return { ok: false }
          const lease = `l${++names}`
          const untilUs = ttl.ttl_ms === undefined ? Number.POSITIVE_INFINITY : nowUs + ttl.ttl_ms * 1000
          row.leases.set(lease, { units, untilUs })
          return { ok: true, lease }
        }
        learn = (ret) => {
          if (ret.ok === true) client.leases.push({ pool: at, lease: String(ret.lease) })
        }
      }
    } else if (kind === 'seq') {
      const row = sequences[at]!
      if (retried === undefined && random() < 0.25) {
        op = 'seq.get'
        args = { seq: `S${at}` }
        serve = () => ({ next: hits('staleGet') ? row.before : row.next })
      } else {
        const units = retried === undefined && random() < 0.1 ? 3 : 1
        const request = retried?.request ?? (units === 1 && random() < 0.5 ? `q${++names}` : undefined)
        op = 'seq.next'
        args = {
          seq: `S${at}`,
          ...(units === 1 ? {} : { n: units }),
          ...(request === undefined ? {} : { req_id: request }),
        }
        serve = () => {
          const answered = request === undefined ? undefined : row.answers.get(request)
          if (answered !== undefined && !(bug === 'forgottenRetry')) return { value: answered }
          const value =
            hits('duplicateNumber') && row.next > 1 ? row.next - 1 : hits('gap') ? row.next + 1 : row.next
          row.before = row.next
          row.next = value + units
          if (request !== undefined) row.answers.set(request, value)
          return { value }
        }
        client.retry = isLost && request !== undefined ? { seq: at, request } : undefined
      }
    } else {
      const row = fences[at]!
      op = 'fence.write'
      const token = Math.max(1, row.largest + below(5) - 2)
      args = { resource: `R${at}`, token }
      serve = () => {
        const isTaken = token >= row.largest || hits('oldTokenTaken')
        if (isTaken) row.largest = Math.max(token, row.largest)
        return { ok: isTaken }
      }
    }

    const position = history.length
    const asked: Operation = {
      client: client.name,
      op,
      args,
      ret: null,
      status: 'unknown',
      callNs: BigInt(callUs * 1000),
    }
    history.push(asked)
    const remember = client
    if (isLost) {
      const laterUs = effectUs + (random() < 0.3 ? below(200_000) : 0)
      if (random() < 0.6) waiting.push({ effectUs: laterUs, effect: () => void serve(laterUs) })
      if (remember.retry === undefined) {
        // Its process is gone; another takes its place.
        const fresh = {
          name: `c${lives++}`,
          freeUs: callUs + below(4000),
          tokens: new Map(),
          leases: [],
          retry: undefined,
        }
        memory[memory.indexOf(remember)] = fresh
      } else remember.freeUs = callUs + 500 + below(4000)
      continue
    }
    remember.freeUs = returnUs + 1 + below(2000)
    waiting.push({
      effectUs,
      effect: () => {
        const ret = serve(effectUs)
        history[position] = { ...asked, status: 'ok', ret, returnNs: BigInt(returnUs * 1000) }
        learn(ret as { readonly [key: string]: Json })
      },
    })
  }
  settle(Number.POSITIVE_INFINITY)
  return history
}
