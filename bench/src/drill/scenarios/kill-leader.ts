import type { PlainScenario } from './scenario.ts'

export const killLeader: PlainScenario = {
  name: 'kill-leader',
  summary: 'SIGKILL of the leader; started again once another one serves',
  needs: 'processes',
  async run(trial) {
    const { system } = trial
    const leader = await system.leader()
    await trial.fault(`${leader} killed`, () => system.kill(leader))
    await trial.mend(`${leader} started`, () => system.start(leader))
  },
}
