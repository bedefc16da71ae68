import { setTimeout as delay } from 'node:timers/promises'
import type { PlainScenario } from './scenario.ts'

const KILLS = 8
const ALL_PERCENT = 20
/** From a kill to the start of the same member: none to long enough that the others notice. */
const DOWN_MS = [0, 600] as const
/** Of the kills so many come whether clients are served or not: also while members start. */
const AT_ONCE_PERCENT = 30
const UP_MS = [0, 600] as const

export const killSoak: PlainScenario = {
  name: 'kill-soak',
  summary: `${KILLS} SIGKILLs of random members, sometimes all, at random moments, also while they start`,
  needs: 'processes',
  async run(trial) {
    const { system, random, signal } = trial
    const { members } = system
    await trial.fault(`${KILLS} kills`, async () => {
      // The times are the fault itself: nothing is waited for by them.
      for (let kill = 0; kill < KILLS; kill++) {
        const count = random.chance(ALL_PERCENT) ? members.length : random.between(1, members.length - 1)
        const victims = random.sample(members, count)
        const downMs = victims.map(() => random.between(...DOWN_MS))
        await trial.step(`${victims.join(', ')} killed`, async () => {
          await Promise.all(victims.map((victim) => system.kill(victim)))
        })
        await Promise.all(
          victims.map(async (victim, position) => {
            await delay(downMs[position], undefined, { signal })
            await system.start(victim)
          }),
        )
        // Work that was acknowledged between two kills is what may get lost.
        if (!random.chance(AT_ONCE_PERCENT)) await system.load.answered()
        await delay(random.between(...UP_MS), undefined, { signal })
      }
    })
    await trial.mend('waiting for all members', async () => undefined)
  },
}
