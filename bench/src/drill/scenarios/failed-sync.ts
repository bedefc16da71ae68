import { disksOf } from '../disks/disks-of.ts'
import { leaderOrFollower } from './in-turns.ts'
import type { Scenario } from './scenario.ts'

/** Some hundred syncs are a second's work, with a checkpoint among them. */
const SYNCS_MAX = 400

export const failedSync: Scenario = {
  name: 'failed-sync',
  summary:
    'a sync of the data fails: it must not be tried again, and the member stops; in turns the leader, a follower',
  needs: 'compiler',
  async run(trial) {
    const { system, random } = trial
    const disks = disksOf(system)
    const member = await leaderOrFollower(trial)
    const count = random.between(1, SYNCS_MAX)
    await trial.fault(`sync ${count} of ${member} fails`, () => disks.failSync(member, count))
    await trial.mend(`${member} started`, () => system.start(member))
  },
}
