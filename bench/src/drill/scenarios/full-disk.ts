import { disksOf } from '../disks/disks-of.ts'
import { leaderOrFollower } from './in-turns.ts'
import type { Scenario } from './scenario.ts'

export const fullDisk: Scenario = {
  name: 'full-disk',
  summary:
    'the small disk under a member fills up; it gets room again and starts; in turns the leader, a follower',
  needs: 'mount',
  async run(trial) {
    const { system } = trial
    const disks = disksOf(system)
    const member = await leaderOrFollower(trial)
    await trial.fault(`disk of ${member} full`, () => disks.fill(member))
    await trial.mend(`${member} has room and is started`, async () => {
      await disks.free(member)
      await system.start(member)
    })
  },
}
