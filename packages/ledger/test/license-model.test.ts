// The ledger against a plain model of one pool: lists and loops, no counters. Seeds are printed; TRANCA_SEED
// fixes one.
import fc from 'fast-check'
import t from 'tap'
import type { LicenseRule } from '../src/index.ts'
import { type Client, outcome, seeded } from './kit.ts'
import { checkin, checkout, keyBody, LicenseWorld, rules } from './license-kit.ts'

const PRODUCT = 4000
const WINDOW_MS = 50

interface Setup {
  readonly quantity: number
  readonly isByUser: boolean
  readonly isReused: boolean
}

interface Wish {
  readonly user: string
  readonly group: string
  readonly units: number
  readonly priority: number
  readonly id: number
}

interface Place {
  readonly key: string | undefined
  user: string
  group: string
  units: number
  readonly grants: { readonly id: number; readonly units: number; readonly user: string }[]
  restsUntil: number
  rested: number
}

type Answer = 'inUse' | 'waived' | 'exhausted' | 'overMax' | 'reservedForOthers'

class Model {
  readonly setup: Setup
  places: Place[] = []
  queue: Wish[] = []
  granted = new Set<number>()
  reserve = 0
  max = Number.POSITIVE_INFINITY
  timeMs = 0
  #rests = 0

  constructor(setup: Setup) {
    this.setup = setup
  }

  get held(): Place[] {
    return this.places.filter((place) => place.grants.length > 0)
  }

  get used(): number {
    return sum(this.held)
  }

  get resting(): number {
    return sum(this.places) - this.used
  }

  judge(wish: Wish): Answer {
    const own = this.held.find((place) => place.key !== undefined && place.key === wish.user)
    const need = wish.units - (own?.units ?? 0)
    if (need <= 0) return 'waived'
    const usedBy = (group: string): number => sum(this.held.filter((place) => place.group === group))
    if (wish.group === 'ws' && usedBy('ws') + need > this.max) return 'overMax'
    const left = this.setup.quantity - this.used
    if (need > left) return 'exhausted'
    const kept = wish.group === 'people' ? 0 : Math.max(0, this.reserve - usedBy('people'))
    return need > left - kept ? 'reservedForOthers' : 'inUse'
  }

  /** Whether someone of larger or equal priority waits for units. */
  isBehind(wish: Wish): boolean {
    for (const other of this.ordered()) {
      if (other === wish || other.priority < wish.priority) return false
      const answer = this.judge(other)
      if (answer === 'exhausted' || answer === 'inUse') return true
    }
    return false
  }

  ordered(): Wish[] {
    return [...this.queue].sort((a, b) => b.priority - a.priority || a.id - b.id)
  }

  ask(wish: Wish): Answer {
    const answer = this.judge(wish)
    if (answer === 'inUse' && this.isBehind(wish)) return 'exhausted'
    if (answer === 'inUse' || answer === 'waived') this.take(wish)
    return answer
  }

  take(wish: Wish): void {
    this.granted.add(wish.id)
    const { user, group, units, id } = wish
    const { isByUser, quantity } = this.setup
    const own = isByUser ? this.places.find((place) => place.key === user) : undefined
    const grant = { id, units, user }
    if (own !== undefined && own.grants.length > 0) {
      own.grants.push(grant)
      this.#evict(Math.max(own.units, units) - own.units, own)
      own.units = Math.max(own.units, units)
      return
    }
    const first = this.places
      .filter((place) => place.grants.length === 0)
      .sort((a, b) => a.rested - b.rested)[0]
    const reused = own ?? (!isByUser && first?.units === units ? first : undefined)
    const place = reused ?? {
      key: isByUser ? user : undefined,
      user,
      group,
      units,
      grants: [],
      restsUntil: 0,
      rested: 0,
    }
    if (reused === undefined) this.places.push(place)
    place.units = 0
    place.grants.push(grant)
    this.#evict(units, place)
    place.user = user
    place.group = group
    place.units = units
    if (sum(this.places) > quantity) throw new Error('the model gave too much')
  }

  #evict(need: number, except: Place): void {
    while (sum(this.places) + need > this.setup.quantity) {
      const oldest = this.places
        .filter((place) => place.grants.length === 0 && place !== except)
        .sort((a, b) => a.rested - b.rested)[0]
      if (oldest === undefined) return
      this.places = this.places.filter((place) => place !== oldest)
    }
  }

  give(id: number): string {
    const place = this.places.find(({ grants }) => grants.some((grant) => grant.id === id))!
    const at = place.grants.findIndex((grant) => grant.id === id)
    place.grants.splice(at, 1)
    let status = 'shared'
    if (place.grants.length > 0) place.units = Math.max(...place.grants.map(({ units }) => units))
    else if (this.setup.isReused) {
      this.#rests += 1
      place.rested = this.#rests
      place.restsUntil = this.timeMs + WINDOW_MS
      status = 'resting'
    } else {
      this.places = this.places.filter((each) => each !== place)
      status = 'released'
    }
    return status
  }

  pass(ms: number): void {
    this.timeMs += ms
    this.places = this.places.filter((place) => place.grants.length > 0 || place.restsUntil > this.timeMs)
  }

  settle(): void {
    for (let isDone = false; !isDone; ) {
      isDone = true
      let isBlocked = false
      for (const wish of this.ordered()) {
        const answer = this.judge(wish)
        if (answer === 'exhausted') isBlocked = true
        if (answer !== 'waived' && (answer !== 'inUse' || isBlocked)) continue
        this.queue = this.queue.filter((other) => other !== wish)
        this.take(wish)
        isDone = false
        break
      }
    }
  }
}

function sum(places: readonly Place[]): number {
  return places.reduce((units, place) => units + place.units, 0)
}

type Step =
  | {
      readonly do: 'out'
      readonly user: number
      readonly units: number
      readonly wait: boolean
      readonly priority: number
    }
  | { readonly do: 'in'; readonly at: number }
  | { readonly do: 'cancel'; readonly at: number }
  | { readonly do: 'leave'; readonly user: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'rules'; readonly reserve: number; readonly max: number }
  | { readonly do: 'fail' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('out' as const),
      user: fc.nat(5),
      units: fc.constantFrom(1, 1, 1, 2, 3),
      wait: fc.boolean(),
      priority: fc.nat(2),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('in' as const), at: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), at: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), user: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('rules' as const), reserve: fc.nat(3), max: fc.nat(4) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const) }) },
)

/** Users 0 to 2 are people, the others web services. */
const groupOf = (user: number): string => (user < 3 ? 'people' : 'ws')

class Run {
  readonly world = new LicenseWorld()
  readonly client: Client
  readonly model: Model
  /** Number of the grant, by request. */
  readonly grants = new Map<number, number>()
  readonly #wishes = new Map<number, Wish>()
  #version = 0

  constructor(setup: Setup) {
    this.model = new Model(setup)
    const reuse = setup.isReused ? { reuse: { windowMs: WINDOW_MS, from: 'release' } } : {}
    const consumerKey = setup.isByUser ? ['user'] : []
    this.world.install(keyBody([{ id: PRODUCT, quantity: setup.quantity, consumerKey, ...reuse }]))
    this.client = this.world.open('erp')
  }

  take(step: Step): void {
    const { world, client, model } = this
    if (step.do === 'out') this.#checkOut(step)
    else if (step.do === 'in') this.#checkIn(step.at)
    else if (step.do === 'cancel') {
      const wish = model.queue[step.at % Math.max(1, model.queue.length)]
      if (wish === undefined) return
      model.queue = model.queue.filter((other) => other !== wish)
      client.do({ op: 'request.cancel', request: wish.id })
    } else if (step.do === 'leave') {
      const owner = `u${step.user}`
      model.queue = model.queue.filter(({ user }) => user !== owner)
      for (const id of [...model.granted].sort((a, b) => this.grants.get(a)! - this.grants.get(b)!)) {
        if (this.#wishes.get(id)!.user !== owner) continue
        model.give(id)
        model.granted.delete(id)
      }
      client.do({ op: 'owner.release', owner })
    } else if (step.do === 'pass') {
      model.pass(step.ms)
      world.pass(step.ms)
    } else if (step.do === 'rules') this.#setRules(step.reserve, step.max)
    else world.failOver()
    model.settle()
    this.#compare()
  }

  #checkOut({ user, units, wait, priority }: Extract<Step, { do: 'out' }>): void {
    const { client, model } = this
    const owner = `u${user}`
    const wish: Wish = { user: owner, group: groupOf(user), units, priority, id: client.id + 1 }
    this.#wishes.set(wish.id, wish)
    const expected = model.ask(wish)
    const result = checkout(client, PRODUCT, {
      owner,
      group: wish.group,
      units,
      priority,
      waitMs: wait ? -1 : 0,
    })
    const isGranted = expected === 'inUse' || expected === 'waived'
    if (wait && !isGranted) {
      equal(outcome(result), 'waits')
      model.queue.push(wish)
    } else equal(result?.ok === true ? result.value.status : outcome(result), expected)
    if (result?.ok === true) this.grants.set(wish.id, result.value.grant as number)
  }

  #checkIn(at: number): void {
    const { client, model } = this
    const held = [...model.granted]
    const id = held[at % Math.max(1, held.length)]
    if (id === undefined) return
    const status = model.give(id)
    model.granted.delete(id)
    equal(checkin(client, this.grants.get(id)!, this.#wishes.get(id)!.user), status)
  }

  #setRules(reserve: number, max: number): void {
    const { client, model } = this
    model.reserve = reserve
    model.max = max
    const list: LicenseRule[] = [
      { kind: 'reserve', product: PRODUCT, subject: { type: 'group', value: 'people' }, amount: reserve },
      { kind: 'max', product: 0, subject: { type: 'group', value: 'ws' }, amount: max },
    ]
    this.#version += 1
    equal(outcome(rules(client, this.#version, list)), 'ok')
  }

  #compare(): void {
    const { world, client, model } = this
    world.ledger.checkInvariants()
    for (const { id, result } of world.answers) {
      if (result.ok && result.value.grant !== undefined) this.grants.set(id, result.value.grant as number)
    }
    for (const id of model.granted) {
      if (!this.grants.has(id)) throw new Error(`request ${id} should have been granted`)
    }
    for (const { id } of model.queue) equal(outcome(world.answerOf(client, id)), 'waits')
    const { used, resting, queued } = world.view(PRODUCT)
    equal({ used, resting, queued }, { used: model.used, resting: model.resting, queued: model.queue.length })
  }
}

function equal(found: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (a !== b) throw new Error(`found ${a}, wanted ${b}`)
}

await t.test('check-outs, queues, rules and reuse are as a plain model says', async (t) => {
  const setup = fc.record({
    quantity: fc.integer({ min: 1, max: 6 }),
    isByUser: fc.boolean(),
    isReused: fc.boolean(),
  })
  const property = fc.property(setup, fc.array(step, { maxLength: 120, size: 'max' }), (chosen, steps) => {
    const run = new Run(chosen)
    for (const each of steps) run.take(each)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 400, verbose: 1, ...seeded() }))
})
