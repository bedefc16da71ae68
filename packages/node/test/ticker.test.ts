import t from 'tap'
import { Ticker } from '../src/duties/ticker.ts'
import type { Clock } from '../src/environment/clock.ts'
import { ticksOf } from '../src/replica/ticks.ts'
import { VirtualClock } from './virtual-clock.ts'

/** Timers of `clock` come so much later than they were asked for. */
function late(clock: VirtualClock, lateMs: number): Clock {
  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    after: (ms, callback) => clock.after(ms + lateMs, callback),
    endOfTurn: (callback) => clock.endOfTurn(callback),
  }
}

await t.test('late timers do not make ticks rarer', async (t) => {
  const clock = new VirtualClock()
  let ticks = 0
  const ticker = new Ticker(late(clock, 3), 10, () => ticks++)
  clock.advance(1_000)
  t.ok(ticks >= 99 && ticks <= 100, `${ticks} ticks`)
  ticker.stop()
  clock.advance(1_000)
  t.ok(ticks <= 100, 'none after the end')
})

await t.test('ticks that were missed are not made up for', async (t) => {
  const clock = new VirtualClock()
  const heldUp = { ms: 500 }
  let ticks = 0
  const ticker = new Ticker(
    {
      nowMs: () => clock.nowMs(),
      wallMs: () => clock.wallMs(),
      after(ms, callback) {
        const extraMs = heldUp.ms
        heldUp.ms = 0
        return clock.after(ms + extraMs, callback)
      },
      endOfTurn: (callback) => clock.endOfTurn(callback),
    },
    10,
    () => ticks++,
  )
  clock.advance(510)
  t.equal(ticks, 1, 'the process stood still')
  clock.advance(100)
  t.equal(ticks, 11)
  ticker.stop()
})

await t.test('ticks are parts of a heartbeat', async (t) => {
  const table = [
    [50, 500, { tickMs: 10, heartbeatTick: 5, electionTick: 50 }],
    [20, 200, { tickMs: 5, heartbeatTick: 4, electionTick: 40 }],
    [5, 25, { tickMs: 5, heartbeatTick: 1, electionTick: 5 }],
    [200, 2_000, { tickMs: 40, heartbeatTick: 5, electionTick: 50 }],
  ] as const
  for (const [heartbeatMs, electionMs, expected] of table) {
    t.strictSame(ticksOf({ heartbeatMs, electionMs }), expected, `${heartbeatMs} ms`)
  }
})
