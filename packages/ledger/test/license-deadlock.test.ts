// Circles of waits that go through units of licenses.
import fc from 'fast-check'
import t from 'tap'
import { type Client, outcome, refused, seeded } from './kit.ts'
import { checkin, checkout, keyBody, LicenseWorld, take } from './license-kit.ts'

function worldOf(quantity: number, features: Record<string, readonly number[]> = {}): LicenseWorld {
  const world = new LicenseWorld()
  world.install(
    keyBody(
      [
        { id: 4000, quantity, consumerKey: [] },
        { id: 4001, quantity: 1, consumerKey: [] },
      ],
      features,
    ),
  )
  return world
}

await t.test('deadlock: a lock, a unit and a lock; the youngest is refused with the circle', async (t) => {
  const world = worldOf(1)
  const [a, b] = [world.open('a'), world.open('b')]
  take(a, 4000, { owner: 'u' })
  b.lock('v', 'B')
  t.equal(outcome(checkout(b, 4000, { owner: 'v', waitMs: -1 })), 'waits')
  t.same(a.lock('u', 'B', -1), {
    ok: false,
    cause: 'deadlock',
    detail: {
      cycle: [
        { session: a.session, owner: 'u', name: 'B' },
        { session: b.session, owner: 'v', name: '4000', product: 4000 },
      ],
    },
  })
  a.do({ op: 'owner.release', owner: 'u' })
  t.equal(outcome(world.answerOf(b, 2)), 'ok', 'the other goes on')
})

await t.test('deadlock: a check-out that closes the circle is refused and explains itself', async (t) => {
  const world = worldOf(1)
  const [a, b] = [world.open('a'), world.open('b')]
  take(a, 4000, { owner: 'u' })
  b.lock('v', 'B')
  t.equal(outcome(a.lock('u', 'B', -1)), 'waits')
  world.failOver()
  const detail = refused(checkout(b, 4000, { owner: 'v', waitMs: 5_000 }))
  t.match(detail, {
    cycle: [
      { session: b.session, owner: 'v', name: '4000', product: 4000 },
      { session: a.session, owner: 'u', name: 'B' },
    ],
    cause: 'exhausted',
    tried: [{ product: 4000, used: 1, total: 1 }],
    holders: [{ owner: 'u' }],
  })
  const { denials } = world.read({ op: 'license.denials', limit: 10 })
  t.match(denials, [{ cause: 'deadlock', owner: 'v' }])
})

await t.test(
  'deadlock: the lowest priority is the victim, also if it waits longer for its unit',
  async (t) => {
    const world = worldOf(1)
    const [a, b] = [world.open('a'), world.open('b')]
    take(a, 4000, { owner: 'u' })
    b.lock('v', 'B')
    t.equal(outcome(checkout(b, 4000, { owner: 'v', waitMs: -1, priority: -1 })), 'waits')
    t.equal(outcome(a.lock('u', 'B', -1)), 'waits')
    t.equal(outcome(world.answerOf(b, 2)), 'deadlock')
    b.unlock('v', 'B')
    t.equal(outcome(world.answerOf(a, 2)), 'ok')
  },
)

await t.test('deadlock: not as long as one of several holders works on; found when it stops', async (t) => {
  const world = worldOf(2)
  const [a, b, c] = [world.open('a'), world.open('b'), world.open('c')]
  take(a, 4000, { owner: 'u' })
  take(c, 4000, { owner: 'w' })
  b.lock('v', 'B')
  t.equal(outcome(checkout(b, 4000, { owner: 'v', waitMs: -1 })), 'waits')
  t.equal(outcome(a.lock('u', 'B', -1)), 'waits', 'w can still give its unit')
  t.equal(outcome(c.lock('w', 'B', -1)), 'deadlock')
  const grants = world.read({ op: 'license.grants', limit: 10 }).grants as { grant: number; owner: string }[]
  checkin(c, grants.find(({ owner }) => owner === 'w')!.grant, 'w')
  t.equal(outcome(world.answerOf(b, 2)), 'ok')
})

await t.test('deadlock: not if another product of the list may come free', async (t) => {
  const world = worldOf(1, { fiscal: [4000, 4001] })
  const [a, b, c] = [world.open('a'), world.open('b'), world.open('c')]
  take(a, 4000, { owner: 'u' })
  const other = take(c, 4001, { owner: 'w' })
  b.lock('v', 'B')
  t.equal(outcome(checkout(b, 'fiscal', { owner: 'v', waitMs: -1 })), 'waits')
  t.equal(outcome(a.lock('u', 'B', -1)), 'waits')
  checkin(c, other, 'w')
  t.equal(outcome(world.answerOf(b, 2)), 'ok')
  b.unlock('v', 'B')
  t.equal(outcome(world.answerOf(a, 2)), 'ok')
})

await t.test('deadlock: found also when a unit given to a waiting owner closes the circle', async (t) => {
  const world = worldOf(1)
  const [a, b, c] = [world.open('a'), world.open('b'), world.open('c')]
  const first = take(c, 4000, { owner: 'w' })
  b.lock('v', 'B')
  t.equal(outcome(a.lock('u', 'B', -1)), 'waits')
  t.equal(outcome(checkout(a, 4000, { owner: 'u', waitMs: -1 })), 'waits', 'another thread of u')
  t.equal(outcome(checkout(b, 4000, { owner: 'v', waitMs: -1 })), 'waits', 'behind u')
  checkin(c, first, 'w')
  t.equal(outcome(world.answerOf(a, 2)), 'ok')
  t.equal(outcome(world.answerOf(b, 2)), 'deadlock')
})

await t.test(
  'deadlock: an owner who waits for a unit is taken to work on with those that it has',
  async (t) => {
    const world = worldOf(2)
    const [a, b] = [world.open('a'), world.open('b')]
    const one = take(a, 4000, { owner: 'web' })
    take(b, 4000, { owner: 'web' })
    t.equal(outcome(checkout(a, 4000, { owner: 'web', waitMs: -1 })), 'waits')
    t.equal(outcome(checkout(b, 4000, { owner: 'web', waitMs: -1 })), 'waits', 'requests of a web service')
    checkin(a, one, 'web')
    t.equal(outcome(world.answerOf(a, 2)), 'ok')
  },
)

await t.test('deadlock: a unit that was given back before leaves no circle', async (t) => {
  const world = worldOf(1)
  const [a, b] = [world.open('a'), world.open('b')]
  const unit = take(a, 4000, { owner: 'u', user: 'ana' })
  a.lock('u', 'A')
  b.lock('v', 'B')
  t.equal(outcome(checkout(b, 4000, { owner: 'v', waitMs: -1 })), 'waits')
  checkin(a, unit, 'u')
  t.equal(outcome(world.answerOf(b, 2)), 'ok')
  t.equal(outcome(a.lock('u', 'B', -1)), 'waits', 'v waits for nobody')
})

await t.test('deadlock: a search that takes too long finds nothing, and nothing wrong', async (t) => {
  const world = new LicenseWorld({ deadlockStepsMax: 3 })
  world.install(keyBody([{ id: 4000, quantity: 3, consumerKey: [] }]))
  const b = world.open('b')
  b.lock('v', 'B')
  const others = ['x', 'y', 'z'].map((name) => world.open(name))
  for (const other of others) take(other, 4000, { owner: 'u' })
  t.equal(outcome(checkout(b, 4000, { owner: 'v', waitMs: 1_000 })), 'waits')
  for (const other of others) t.equal(outcome(other.lock('u', 'B', -1)), 'waits')
  world.pass(1_000)
  t.equal(outcome(world.answerOf(b, 2)), 'timeout')
})

// --- a plain model of who waits for whom ---

const LOCKS = ['A', 'B', 'C']
const OWNERS = 5

interface Wait {
  readonly owner: number
  readonly id: number
  /** A lock; undefined: a unit. */
  readonly lock: string | undefined
}

/** Locks and one pool of single units: lists, and every question answered by looking at all of them. */
class Plain {
  readonly quantity: number
  readonly lockOf = new Map<string, number>()
  /** Owner of each unit in use. */
  units: number[] = []
  waits: Wait[] = []

  constructor(quantity: number) {
    this.quantity = quantity
  }

  /** Those who could not go on, whoever of the others gave back everything. */
  stuck(): Wait[] {
    let stuck = [...this.waits]
    for (;;) {
      const waitsAtLock = (owner: number): boolean =>
        stuck.some((each) => each.owner === owner && each.lock !== undefined)
      const waits = (owner: number): boolean => stuck.some((each) => each.owner === owner)
      const left = stuck.filter(({ owner, lock, id }) => {
        if (lock === undefined) {
          const kept = this.units.filter((holder) => holder === owner || waitsAtLock(holder))
          return kept.some((holder) => holder !== owner) && kept.length >= this.quantity
        }
        const holder = this.lockOf.get(lock)
        if (holder !== undefined && holder !== owner && waits(holder)) return true
        return stuck.some((each) => each.lock === lock && each.id < id)
      })
      if (left.length === stuck.length) return stuck
      stuck = left
    }
  }
}

type Step = { readonly owner: number; readonly what: number; readonly gives: boolean }

await t.test(
  'deadlock: circles of locks and units are refused, and nothing else, as a plain model says',
  async (t) => {
    let deadlocks = 0
    const step: fc.Arbitrary<Step> = fc.record({
      owner: fc.nat(OWNERS - 1),
      what: fc.nat(LOCKS.length),
      gives: fc.nat(3).map((n) => n === 0),
    })
    const play = (quantity: number, steps: readonly Step[]): void => {
      const world = worldOf(quantity)
      const client = world.open('erp')
      const plain = new Plain(quantity)
      const grants: { readonly owner: number; readonly grant: number }[] = []
      for (const { owner, what, gives } of steps) {
        const seen = world.answers.length
        const name = `u${owner}`
        const lock = LOCKS[what]
        const isWaiting = plain.waits.some((each) => each.owner === owner)
        if (gives) giveBack(client, plain, grants, owner, lock)
        else if (!isWaiting && (lock === undefined || plain.lockOf.get(lock) !== owner)) {
          const result =
            lock === undefined
              ? checkout(client, 4000, { owner: name, waitMs: -1 })
              : client.lock(name, lock, -1)
          const wait = { owner, id: client.id, lock }
          plain.waits.push(wait)
          const wasStuck = plain.stuck()
          if (result?.ok === false) {
            ask(result.cause === 'deadlock' && wasStuck.includes(wait), `${name} is refused: ${result.cause}`)
            deadlocks += 1
            plain.waits = plain.waits.filter((each) => each !== wait)
          } else if (result?.ok === true) granted(plain, grants, wait, result.value.grant)
        }
        for (const { id, result } of world.answers.slice(seen)) {
          const wait = plain.waits.find((each) => each.id === id)!
          if (result.ok) {
            granted(plain, grants, wait, result.value.grant)
            continue
          }
          ask(result.cause === 'deadlock' && plain.stuck().includes(wait), `request ${id}: ${result.cause}`)
          deadlocks += 1
          plain.waits = plain.waits.filter((each) => each !== wait)
        }
        ask(plain.stuck().length === 0, `left stuck: ${JSON.stringify(plain.stuck())}`)
      }
    }
    const property = fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { maxLength: 60, size: 'max' }),
      play,
    )
    t.doesNotThrow(() => fc.assert(property, { numRuns: 600, ...seeded() }))
    t.ok(deadlocks > 100, `${deadlocks} deadlocks`)
  },
)

function granted(plain: Plain, grants: { owner: number; grant: number }[], wait: Wait, grant: unknown): void {
  plain.waits = plain.waits.filter((each) => each !== wait)
  if (wait.lock !== undefined) plain.lockOf.set(wait.lock, wait.owner)
  else {
    plain.units.push(wait.owner)
    grants.push({ owner: wait.owner, grant: grant as number })
  }
}

/** The lock, or the owner's first unit. The model knows it before the ledger grants it to others. */
function giveBack(
  client: Client,
  plain: Plain,
  grants: { owner: number; grant: number }[],
  owner: number,
  lock: string | undefined,
): void {
  if (lock !== undefined) {
    if (plain.lockOf.get(lock) !== owner) return
    plain.lockOf.delete(lock)
    client.unlock(`u${owner}`, lock)
    return
  }
  const at = grants.findIndex((each) => each.owner === owner)
  if (at < 0) return
  plain.units.splice(plain.units.indexOf(owner), 1)
  const [{ grant }] = grants.splice(at, 1) as [{ owner: number; grant: number }]
  checkin(client, grant, `u${owner}`)
}

function ask(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what)
}
