import { networkOf } from '../network/network-of.ts'
import type { Scenario } from './scenario.ts'

export const partitionLeader: Scenario = {
  name: 'partition-leader',
  summary: 'the leader cut off from the other members; clients still reach it',
  needs: 'network',
  async run(trial) {
    const { system } = trial
    const network = networkOf(system)
    const leader = await system.leader()
    const others = system.members.filter((member) => member !== leader)
    await trial.fault(`${leader} cut off`, async () => {
      await Promise.all(others.flatMap((each) => [network.cut(leader, each), network.cut(each, leader)]))
    })
    await trial.mend('healed', () => network.heal())
  },
}
