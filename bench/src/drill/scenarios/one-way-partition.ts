import { networkOf } from '../network/network-of.ts'
import type { Scenario } from './scenario.ts'

export const oneWayPartition: Scenario = {
  name: 'one-way-partition',
  summary: 'packets vanish in one direction only: in turns the leader is deaf, and mute',
  needs: 'network',
  async run(trial) {
    const { system } = trial
    const network = networkOf(system)
    const leader = await system.leader()
    const others = system.members.filter((member) => member !== leader)
    const isDeaf = trial.number % 2 === 1
    await trial.fault(`${leader} ${isDeaf ? 'hears nobody' : 'is heard by nobody'}`, async () => {
      const cuts = others.map((each) => (isDeaf ? network.cut(each, leader) : network.cut(leader, each)))
      await Promise.all(cuts)
    })
    await trial.mend('healed', () => network.heal())
  },
}
