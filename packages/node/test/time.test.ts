import t from 'tap'
import { SessionKeeper } from '../src/duties/session-keeper.ts'
import { ClusterClock } from '../src/replica/cluster-clock.ts'
import { VirtualClock } from './virtual-clock.ts'

t.test('a session expires once it has been silent for longer than its TTL', async (t) => {
  const clock = new VirtualClock()
  const keeper = new SessionKeeper(clock)
  keeper.start([])
  keeper.opened({ session: 1, generation: 1, ttlMs: 2_000 })
  keeper.opened({ session: 2, generation: 4, ttlMs: 10_000 })
  clock.advance(2_000)
  t.same(keeper.expired(), [], 'its TTL is over only after it')
  clock.advance(1)
  t.same(keeper.expired(), [{ session: 1, generation: 1 }])
  t.same(keeper.expired(), [], 'named once')
  keeper.heard(2)
  clock.advance(9_999)
  t.same(keeper.expired(), [])
})

t.test('O2: a new leader gives every session its full TTL', async (t) => {
  const clock = new VirtualClock()
  const keeper = new SessionKeeper(clock)
  keeper.start([{ session: 1, generation: 1, ttlMs: 2_000 }])
  clock.advance(1_900)
  keeper.start([{ session: 1, generation: 1, ttlMs: 2_000 }])
  clock.advance(1_900)
  t.same(keeper.expired(), [])
  clock.advance(101)
  t.same(keeper.expired(), [{ session: 1, generation: 1 }])
})

t.test('O1: silence while this process stood still is forgiven', async (t) => {
  const clock = new VirtualClock()
  const keeper = new SessionKeeper(clock)
  keeper.start([{ session: 1, generation: 1, ttlMs: 2_000 }])
  clock.advance(60_000)
  keeper.forgive(59_000)
  t.same(keeper.expired(), [])
})

t.test('a session that was resumed counts from then, under its new generation', async (t) => {
  const clock = new VirtualClock()
  const keeper = new SessionKeeper(clock)
  keeper.start([{ session: 1, generation: 1, ttlMs: 2_000 }])
  clock.advance(3_000)
  t.same(keeper.expired(), [{ session: 1, generation: 1 }])
  keeper.opened({ session: 1, generation: 2, ttlMs: 2_000 })
  clock.advance(2_001)
  t.same(keeper.expired(), [{ session: 1, generation: 2 }])
  keeper.closed(1)
  t.equal(keeper.count, 0)
})

t.test('who spoke again is looked at when its time is over, and not only at the next one', async (t) => {
  const clock = new VirtualClock()
  const keeper = new SessionKeeper(clock)
  keeper.start([
    { session: 1, generation: 1, ttlMs: 2_000 },
    { session: 2, generation: 1, ttlMs: 60_000 },
  ])
  clock.advance(1_500)
  keeper.heard(1)
  clock.advance(1_000)
  t.same(keeper.expired(), [], 'looked at when it might have been over')
  keeper.opened({ session: 3, generation: 1, ttlMs: 2_000 })
  clock.advance(1_001)
  t.same(keeper.expired(), [{ session: 1, generation: 1 }])
  clock.advance(1_000)
  t.same(keeper.expired(), [{ session: 3, generation: 1 }])
  clock.advance(60_000)
  t.same(keeper.expired(), [{ session: 2, generation: 1 }])
})

t.test('O11: cluster time goes on from the ledger and ignores jumps of the wall clock', async (t) => {
  const clock = new VirtualClock()
  const cluster = new ClusterClock(clock)
  cluster.start(5_000)
  clock.advance(250)
  clock.wallOffsetMs += 3_600_000
  t.equal(cluster.nowMs(), 5_250)
  clock.wallOffsetMs -= 7_200_000
  t.equal(cluster.nowMs(), 5_250)
  clock.advance(1_000)
  cluster.forget(1_000)
  t.equal(cluster.nowMs(), 5_250, 'time in which the process stood still does not count')
})
