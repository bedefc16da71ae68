import { setTimeout as delay } from 'node:timers/promises'
import { networkOf } from '../network/network-of.ts'
import type { Scenario } from './scenario.ts'

/** Shorter and longer than an election takes. */
const PHASE_MS = [20, 900] as const
const FLAPS = 6

export const flappingLink: Scenario = {
  name: 'flapping-link',
  summary: `a member's link breaks and heals ${FLAPS} times at random: the leader's and a follower's in turns`,
  needs: 'network',
  async run(trial) {
    const { system, random, signal } = trial
    const network = networkOf(system)
    const leader = await system.leader()
    const follower = random.pick(system.members.filter((member) => member !== leader))
    const flapping = trial.number % 2 === 1 ? leader : follower
    const others = system.members.filter((member) => member !== flapping)
    await trial.fault(`link of ${flapping} flaps`, async () => {
      // The times are the fault itself: nothing is waited for by them.
      for (let flap = 0; flap < FLAPS; flap++) {
        await Promise.all(
          others.flatMap((each) => [network.cut(flapping, each), network.cut(each, flapping)]),
        )
        await delay(random.between(...PHASE_MS), undefined, { signal })
        await network.heal()
        await delay(random.between(...PHASE_MS), undefined, { signal })
      }
    })
    await trial.mend('healed', () => network.heal())
  },
}
