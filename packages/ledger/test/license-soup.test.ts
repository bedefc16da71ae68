// Everything at once: two ledgers get the same random commands, one of them fails over now and then. Their
// answers, events and rows must be equal, and the invariants true, at every step.
import fc from 'fast-check'
import t from 'tap'
import type { LicenseRule, Operation, Result } from '../src/index.ts'
import { type Client, seeded } from './kit.ts'
import { emergencyBody, keyBody, LicenseWorld } from './license-kit.ts'

const FEATURES = { fiscal: [4134, 4000], rest: [4177, 4001, 4000], named: [4016, 4000], core: [4091] }

const products = (quantity: number, isReduced: boolean) => [
  { id: 4000, quantity, overdraft: 1 },
  { id: 4001, quantity: 2, consumerKey: [], reuse: { windowMs: 40, from: 'acquire' } },
  { id: 4091, nature: 'processing', quantity: 6 },
  { id: 4016, nature: 'named', quantity: 2, reuse: { windowMs: 10, from: 'release' } },
  { id: 4177, nature: 'onDemand', quantity: 5 },
  { id: 3100, nature: 'enabling' },
  ...(isReduced
    ? []
    : [
        {
          id: 4134,
          quantity: 2,
          consumerKey: ['user', 'company'],
          reuse: { windowMs: 30, from: 'release' },
          limitPerHost: 2,
        },
      ]),
]

const RULES: readonly (readonly LicenseRule[])[] = [
  [],
  [
    { kind: 'reserve', product: 4000, subject: { type: 'group', value: 'g0' }, amount: 2 },
    { kind: 'max', product: 0, subject: { type: 'company', value: 'c1' }, amount: 1 },
  ],
  [
    { kind: 'exclude', product: 0, subject: { type: 'user', value: 'u1' } },
    { kind: 'idle', product: 0, subject: { type: 'group', value: 'g1' }, ms: 60 },
    { kind: 'linger', product: 4134, subject: { type: 'all', value: '' }, ms: 25 },
  ],
  [
    { kind: 'include', product: 4134, subject: { type: 'network', value: '10.0.0.0/31' } },
    { kind: 'overdraft', product: 4000, subject: { type: 'all', value: '' }, amount: 0 },
    { kind: 'borrowMax', product: 0, subject: { type: 'all', value: '' }, amount: 1 },
  ],
]

const small = (max: number) => fc.nat(max)
const command = fc.record({
  kind: fc.constantFrom(
    ...([
      'out',
      'out',
      'out',
      'out',
      'out',
      'out',
      'in',
      'in',
      'in',
      'in',
      'leave',
      'cancel',
      'renew',
      'force',
    ] as const),
    ...([
      'assign',
      'unassign',
      'borrow',
      'return',
      'lease',
      'metric',
      'rules',
      'key',
      'bundle',
      'expire',
    ] as const),
    ...(['pass', 'pass', 'pass', 'day', 'emergency', 'restrict'] as const),
  ),
  a: small(50),
  b: small(3),
  c: small(5),
  wait: fc.constantFrom(0, 0, -1, 35),
  fails: fc.boolean(),
})
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never

class Side {
  readonly world = new LicenseWorld()
  readonly clients: Client[] = []
  readonly log: string[] = []
  #serial = 1
  #emergencies = 1000
  #version = 0

  constructor() {
    this.world.install(keyBody(products(4, false), FEATURES))
    for (const name of ['erp', 'rest', 'dbaccess']) this.clients.push(this.world.open(name))
  }

  run(command: Command): void {
    const { world } = this
    const { kind, a, b, c } = command
    if (kind === 'pass') world.pass(1 + a)
    else if (kind === 'day') world.pass(3_600_000 * (1 + a))
    else if (kind === 'key') {
      this.#serial += 1
      this.#note(
        world.install(
          keyBody(products(1 + c, b === 0), FEATURES, { serial: this.#serial, validUntil: '2027-06-30' }),
        ),
      )
    } else if (kind === 'emergency') {
      this.#emergencies += 1
      const day = new Date(world.wallMs - 3 * 3_600_000).toISOString().slice(0, 10)
      this.#note(world.install(emergencyBody(this.#emergencies, day)))
    } else if (kind === 'restrict') {
      world.begin()
      this.#note(world.ledger.applyInternal({ op: 'license.restrict', reason: b === 0 ? 'hash' : '' }))
    } else if (kind === 'expire') {
      if (a > 5) return
      const at = b % this.clients.length
      this.#note(world.expire(this.clients[at]!))
      this.clients[at] = world.open(`again-${a}`)
    } else this.#note(this.clients[b % 3]!.do(this.#operation(command)))
  }

  #note(result: Result | undefined): void {
    this.log.push(JSON.stringify(result) ?? 'waits')
  }

  #operation({ kind, a, b, c, wait }: Command): Operation {
    const { world } = this
    const user = `u${c}`
    const grants = world.read({ op: 'license.grants', limit: 1_000 }).grants as {
      grant: number
      owner: string
    }[]
    const held = grants[a % Math.max(1, grants.length)] ?? { grant: 1, owner: '' }
    const mine = { owner: held.owner, grant: held.grant }
    const asked = {
      ...(a % 3 === 0
        ? { feature: '', product: [4000, 4001, 4134, 4177, 3100, 4999][a % 6]! }
        : { feature: ['fiscal', 'rest', 'named', 'core'][a % 4]!, product: 0 }),
      user,
      group: `g${b % 2}`,
      company: `c${a % 2}`,
      host: `10.0.0.${b}`,
      units: a % 7 === 0 ? 3 : 1,
      mode: a % 11 === 0 ? ('query' as const) : ('use' as const),
      ...(a % 5 === 0 ? { lingerMs: 20 } : {}),
      ...(a % 8 === 0 ? { idleMs: 45 } : {}),
    }
    switch (kind) {
      case 'in':
        return { op: 'license.checkin', ...mine }
      case 'leave':
        return { op: 'owner.release', owner: user }
      case 'cancel':
        return { op: 'request.cancel', request: 1 + a }
      case 'renew':
        return { op: 'license.renew', ...mine }
      case 'force':
        return { op: 'license.forceRelease', grant: held.grant, coolDownMs: 30 * b, reason: 'test' }
      case 'assign':
      case 'unassign':
        return { op: `license.${kind}`, product: 4016, user }
      case 'borrow':
        return {
          op: 'license.borrow',
          owner: user,
          product: a % 2 === 0 ? 4000 : 4016,
          user,
          untilWallMs: world.wallMs + 50 + a,
        }
      case 'return': {
        const borrow = [...world.rows()].filter(([key]) => key.startsWith('b/'))[0]?.[0].slice(2) ?? 'B1'
        return { op: 'license.returnBorrowed', borrow }
      }
      case 'lease':
        return {
          op: 'license.pool',
          owner: user,
          product: a % 2 === 0 ? 4000 : 4001,
          max: b,
          host: `10.0.0.${b}`,
        }
      case 'metric':
        return { op: 'license.metric', product: 4177, value: a % 8 }
      case 'rules':
        this.#version = (world.read({ op: 'license.rulesGet' }).version as number) + 1
        return { op: 'license.rules', version: this.#version, rules: RULES[a % RULES.length]! }
      case 'bundle': {
        const lock = { op: 'lock.acquire', locks: [{ name: `SA${b}`, mode: 'exclusive' }] } as const
        const checkout = { op: 'license.checkout', ...asked } as const
        const other = { op: 'license.checkout', ...asked, user: 'u9', group: 'g0' } as const
        return { op: 'bundle', owner: user, parts: [lock, checkout, other], waitMs: 0 }
      }
      default:
        return { op: 'license.checkout', owner: user, ...asked, waitMs: wait, priority: a % 3 }
    }
  }

  state(): string {
    const answers = this.world.answers.map((each) => JSON.stringify(each)).join('\n')
    const events = this.world.events.map((each) => JSON.stringify(each)).join('\n')
    return `${this.log.join('\n')}\n${answers}\n${events}\n${JSON.stringify(this.world.rows().filter(([key]) => key !== 'x'))}`
  }
}

await t.test('a failover anywhere changes no answer, event or row', async (t) => {
  const property = fc.property(fc.array(command, { maxLength: 90, size: 'max' }), (commands) => {
    const calm = new Side()
    const moved = new Side()
    for (const each of commands) {
      calm.run(each)
      calm.world.ledger.checkInvariants()
      moved.run(each)
      if (each.fails) moved.world.failOver()
      else moved.world.newLeader()
      calm.world.newLeader()
      // A checkpoint now and then, so that rows are changed as well as made.
      if (each.a % 9 === 0) calm.world.checkpoint()
    }
    calm.world.checkpoint()
    calm.world.checkStored()
    const [a, b] = [calm.state(), moved.state()]
    if (a === b) return
    const [left, right] = [a.split('\n'), b.split('\n')]
    const at = left.findIndex((line, index) => line !== right[index])
    throw new Error(`without a failover:\n${left[at]}\nwith:\n${right[at]}`)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 60, verbose: 0, ...seeded() }))
})
