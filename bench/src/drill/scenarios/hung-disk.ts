import { disksOf } from '../disks/disks-of.ts'
import { leaderOrFollower } from './in-turns.ts'
import type { Scenario } from './scenario.ts'

/** So often has every client its answer before the disk goes on. */
const ROUNDS = 50

export const hungDisk: Scenario = {
  name: 'hung-disk',
  summary: 'the disk of a member confirms nothing for a while; in turns the leader, a follower',
  needs: 'compiler',
  async run(trial) {
    const { system } = trial
    const disks = disksOf(system)
    const member = await leaderOrFollower(trial)
    await trial.fault(`disk of ${member} hangs`, async () => {
      await disks.hang(member)
      for (let round = 0; round < ROUNDS; round++) await system.load.answered()
    })
    await trial.mend(`disk of ${member} goes on`, () => disks.goOn(member))
  },
}
