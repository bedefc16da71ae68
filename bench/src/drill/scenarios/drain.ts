import type { Scenario } from './scenario.ts'

export const drain: Scenario = {
  name: 'drain',
  summary: 'the leader taken out of service by the administrator, and put back',
  needs: 'processes',
  async run(trial) {
    const { system } = trial
    const leader = await system.leader()
    await trial.fault(`${leader} drained`, () => system.drain(leader))
    await trial.mend(`${leader} back in service`, () => system.undrain(leader))
  },
}
