import t from 'tap'
import { ticksBeforeStanding } from '../src/duties/failover.ts'

const never = (): number => {
  throw new Error('nothing is left to chance')
}

await t.test('voters wait for a silent leader a little longer than the one before them', async (t) => {
  const voters = [7, 1, 3]
  const turns = voters.map((self) => ticksBeforeStanding({ self, voters, ticks: 10, random: never }))
  t.strictSame(turns, [5, 1, 3])
})

await t.test('nobody waits twice the election time-out, however many voters there are', async (t) => {
  const voters = [1, 2, 3, 4, 5, 6, 7, 8, 9]
  const turns = voters.map((self) => ticksBeforeStanding({ self, voters, ticks: 4, random: (n) => n - 1 }))
  t.strictSame(turns, [1, 3, 3, 3, 3, 3, 3, 3, 3], 'the late ones wait for a random time')
  t.equal(
    ticksBeforeStanding({ self: 5, voters: [1, 2], ticks: 4, random: () => 2 }),
    2,
    'as who has no vote',
  )
})
