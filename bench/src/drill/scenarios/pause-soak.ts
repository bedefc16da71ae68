import { setTimeout as delay } from 'node:timers/promises'
import type { PlainScenario } from './scenario.ts'

const PAUSES = 8
/** Shorter and longer than an election takes. */
const PAUSED_MS = [0, 1_500] as const
const BETWEEN_MS = [0, 400] as const
const LEADER_PERCENT = 60

export const pauseSoak: PlainScenario = {
  name: 'pause-soak',
  summary: `${PAUSES} SIGSTOPs of random length, mostly of the leader, sometimes of two members at a time`,
  needs: 'processes',
  async run(trial) {
    const { system, random, signal } = trial
    const { members } = system
    await trial.fault(`${PAUSES} pauses`, async () => {
      // The times are the fault itself: nothing is waited for by them.
      for (let pause = 0; pause < PAUSES; pause++) {
        const first = random.chance(LEADER_PERCENT) ? await system.leader() : random.pick(members)
        const others = members.filter((member) => member !== first)
        const paused = random.chance(25) ? [first, random.pick(others)] : [first]
        const pausedMs = random.between(...PAUSED_MS)
        await trial.step(`${paused.join(', ')} stopped for ${pausedMs} ms`, async () => {
          await Promise.all(paused.map((member) => system.pause(member)))
        })
        await delay(pausedMs, undefined, { signal })
        await Promise.all(paused.map((member) => system.resume(member)))
        await delay(random.between(...BETWEEN_MS), undefined, { signal })
      }
    })
    await trial.mend('waiting for all members', async () => undefined)
  },
}
