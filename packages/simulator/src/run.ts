import { Order } from './check/order.ts'
import { Panel } from './check/panel.ts'
import { addressOf, Cluster } from './cluster/cluster.ts'
import type { Member } from './cluster/member.ts'
import type { Stage } from './faults/fault.ts'
import { Nemesis } from './faults/nemesis.ts'
import { Calls } from './history/calls.ts'
import { Random } from './random.ts'
import { compareRows, lastWord } from './rest.ts'
import { Application } from './workload/application.ts'
import { Operator } from './workload/operator.ts'
import { Traveler } from './workload/traveler.ts'
import { unitsInForce } from './workload/vendor.ts'
import { Watcher } from './workload/watcher.ts'
import { World } from './world/world.ts'

export interface RunOptions {
  readonly seed: number
  /** Gets a line for all that happens. */
  readonly trace?: (line: string) => void
}

export interface Verdict {
  readonly seed: number
  /** Undefined: all was well. */
  readonly failure: string | undefined
  /** The same seed of the same code has the same. */
  readonly hash: string
  /** What was at work, in words. */
  readonly scene: string
  readonly events: number
  readonly entries: number
  /** Pieces of work that clients finished. */
  readonly deeds: number
  /** Objects of which nobody found out in time whether what clients saw of them can be. */
  readonly undecided: number
  readonly virtualMs: number
}

/** After everything is whole again, all must have come to rest within so much time. */
const healMs = 60_000
/** What some shares of chance begin with: other streams stay as they are. */
const watchersShare = 2 ** 40
const travelersShare = 2 ** 41
/** A run that goes on for so many events turns in a circle. */
const eventsMax = 2_000_000

/** One seed: a cluster and its clients in trouble, then healed, and what the checkers say. */
export async function runSeed({ seed, trace }: RunOptions): Promise<Verdict> {
  const random = new Random(seed)
  const world = new World(random.fork(), drawWeather(random), trace)
  const { schedule } = world
  const panel = new Panel({
    complain: (checker, reason) => world.complain(checker, reason),
    note: (number) => schedule.note(number),
    contract: unitsInForce,
  })
  const calls = new Calls(() => schedule.nowMs)
  const order = new Order((reason) => world.complain('order', reason))
  const size = random.pick([1, 3, 3, 3, 3, 5])
  const cluster = new Cluster(
    world,
    panel,
    {
      founders: Array.from({ length: size }, (_, at) => addressOf(at + 1)),
      timing: { heartbeatMs: 50, electionMs: 500 },
      checkpoint: {
        entries: random.pick([8, 25, 60, 200]),
        size: 1 << 20,
        keepSize: random.pick([0, 2_000, 30_000]),
      },
      segmentSize: random.pick([32, 128]) * 1024,
    },
    { latencyMs: [0.05, random.pick([0.3, 3])] },
  )
  if (random.chance(0.8)) for (const { host } of cluster.members) host.setRate(random.between(0.96, 1.04))
  const applications = Array.from(
    { length: random.integer(2, 3) },
    (_, at) =>
      new Application({
        world,
        seen: panel.seen,
        calls,
        name: `c${at + 1}`,
        addresses: () => cluster.clientAddresses,
        users: random.integer(1, 3),
      }),
  )
  const operator = new Operator({ world, cluster })
  const watcher = new Watcher({
    world,
    watched: panel.watched,
    random: new Random(seed + watchersShare),
    addresses: () => cluster.clientAddresses,
  })
  const traveler = new Traveler({
    world,
    seen: panel.seen,
    random: new Random(seed + travelersShare),
    addresses: () => cluster.clientAddresses,
  })
  const nemesis = new Nemesis(random.fork())
  const stage: Stage = { world, cluster, applications, random: random.fork() }
  const troubleMs = random.between(3_000, 12_000)
  const scene = `${size} nodes, ${applications.length} clients, ${Math.round(troubleMs)} ms of: ${nemesis.kinds || 'nothing'}`
  world.trace.say('--', scene)

  const rejected = (error: unknown) => world.complain('unhandled', (error as Error).stack ?? String(error))
  process.on('unhandledRejection', rejected)
  const isBroken = () => {
    if (schedule.count > eventsMax) world.complain('rest', `${eventsMax} events, and no end`)
    return world.violation !== undefined
  }
  const until = async (untilMs: number, isDone: () => boolean): Promise<boolean> => {
    let done = false
    await schedule.run(() => {
      done = isDone()
      return done || isBroken() || schedule.nowMs > untilMs
    })
    return done
  }
  try {
    cluster.keepUp()
    for (const application of applications) application.start()
    operator.start()
    watcher.start()
    traveler.start()
    nemesis.begin(stage)
    await until(troubleMs, () => false)
    if (!isBroken()) {
      world.trace.say('--', 'everything is healed')
      nemesis.end()
      heal(stage)
      operator.rest()
      watcher.rest()
      traveler.rest()
      await comeToRest()
    }
  } finally {
    process.off('unhandledRejection', rejected)
  }
  if (!isBroken()) order.judge(calls)
  return verdict()

  async function comeToRest(): Promise<void> {
    const endMs = schedule.nowMs + healMs
    const pending = () => [
      ...[operator.pending, traveler.pending, watcher.pending].filter((one) => one !== undefined),
      ...applications.flatMap((one) => [...one.pending.values()]),
    ]
    if (!(await until(endMs, () => operator.hasLicensed && pending().length === 0))) {
      if (!isBroken())
        world.complain('rest', `without an answer: ${pending().slice(0, 3).join('; ')}; ${stateOf()}`)
      return
    }
    let isOver = false
    lastWord(world, cluster).then(
      () => {
        isOver = true
      },
      (error: unknown) =>
        world.complain('rest', `new work failed: ${(error as Error).message}; ${stateOf()}`),
    )
    if (!(await until(endMs, () => isOver))) {
      if (!isBroken()) world.complain('rest', `new work has no answer; ${stateOf()}`)
      return
    }
    if (!(await until(endMs, () => watcher.pending === undefined && isEven()))) {
      const what = watcher.pending === undefined ? 'the members are not equally far' : watcher.pending
      if (!isBroken()) world.complain('rest', `${what}: ${stateOf()}`)
      return
    }
    compareRows(world, cluster, panel.numbers)
  }

  function isEven(): boolean {
    const { present } = cluster
    const applied = present[0]?.replica?.applied ?? 0
    const leaders = present.filter((member) => member.isServing)
    return (
      leaders.length === 1 &&
      hasAllMembers(leaders[0]!) &&
      present.every((member) => member.isUp && member.replica?.applied === applied) &&
      applied === panel.agreement.last
    )
  }

  /** Those who are meant to, and no others, belong to it and have a vote. */
  function hasAllMembers({ replica }: Member): boolean {
    const { voters, learners } = replica!.confState
    const wanted = cluster.present.map(({ id }) => id)
    return (
      learners.length === 0 && voters.length === wanted.length && wanted.every((id) => voters.includes(id))
    )
  }

  function stateOf(): string {
    return cluster.present
      .map(({ name, status, replica, refusal }) => {
        const { role, term } = replica?.leadership ?? { role: 'no role', term: 0 }
        return `${name} ${status} ${role} term ${term} applied ${replica?.applied ?? 0}${refusal ? ` refused: ${refusal}` : ''}`
      })
      .join(', ')
  }

  function verdict(): Verdict {
    const { violation } = world
    return {
      seed,
      failure:
        violation &&
        `${violation.checker}: ${violation.reason} (at ${Math.round(violation.atMs)} ms; ${scene})`,
      hash: (schedule.hash >>> 0).toString(16).padStart(8, '0'),
      scene,
      events: schedule.count,
      entries: panel.agreement.last,
      deeds: applications.reduce((sum, { done }) => sum + done, 0),
      undecided: order.undecided.length,
      virtualMs: schedule.nowMs,
    }
  }
}

function heal({ world, cluster, applications }: Stage): void {
  world.network.heal()
  for (const host of world.hosts) {
    host.frozenUntilMs = 0
    host.setRate(1)
  }
  for (const member of cluster.present) {
    member.disk.heal()
    member.restartMs = 0
  }
  for (const application of applications) application.rest()
}

function drawWeather(random: Random) {
  return {
    latencyMs: random.pick([
      [0.05, 0.3],
      [0.1, 2],
      [1, 20],
    ] as const),
    spikeMs: 200,
    spikeChance: random.pick([0, 0, 0.01]),
    splitChance: random.pick([0, 0.1]),
    refuseChance: 0,
    frames: { lose: 0, double: 0, delay: 0, delayMs: 0 },
  }
}
