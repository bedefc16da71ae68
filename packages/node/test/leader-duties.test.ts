import pino from 'pino'
import t from 'tap'
import { LeaderDuties } from '../src/duties/leader-duties.ts'
import { SessionKeeper } from '../src/duties/session-keeper.ts'
import { limits } from '../src/limits.ts'
import { ClusterClock } from '../src/replica/cluster-clock.ts'
import type { Replica } from '../src/replica/replica.ts'
import { VirtualClock } from './virtual-clock.ts'

const tickMs = 100

/** A serving leader with one session of 2 s, and what it proposes. */
function leading() {
  const clock = new VirtualClock()
  const clusterClock = new ClusterClock(clock)
  clusterClock.start(0)
  const keeper = new SessionKeeper(clock)
  keeper.start([{ session: 1, generation: 3, ttlMs: 2_000 }])
  const proposed: unknown[] = []
  const replica = {
    isServing: true,
    leadership: { term: 7, role: 'leader', leader: 1 },
    ledger: { nextDeadlineMs: () => undefined },
    clusterClock,
    proposeInternal: (command: unknown) => proposed.push(command),
  } as unknown as Replica
  const duties = new LeaderDuties({ replica, keeper, clock, logger: pino({ level: 'silent' }), tickMs })
  const pass = (ms: number) => {
    clock.advance(ms)
    duties.tick()
  }
  return { pass, proposed, clusterClock }
}

t.test('a silent session is expired once, with generation and term', async (t) => {
  const { pass, proposed } = leading()
  for (let ms = 0; ms < 3_000; ms += tickMs) pass(tickMs)
  t.strictSame(proposed, [{ op: 'session.expire', session: 1, generation: 3, term: 7 }])
})

t.test('O1: a leader that stood still expires nobody for its own silence', async (t) => {
  const { pass, proposed, clusterClock } = leading()
  pass(tickMs)
  pass(limits.stallMs + 60_000)
  pass(tickMs)
  t.strictSame(proposed, [], 'what was sent meanwhile still waits to be read')
  t.ok(clusterClock.nowMs() < 60_000, 'nor does cluster time count it')
  for (let ms = 0; ms < 2_000; ms += tickMs) pass(tickMs)
  t.equal(proposed.length, 1, 'from then on its silence counts again')
})
