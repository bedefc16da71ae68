import type { PlainScenario } from './scenario.ts'

export const pauseLeader: PlainScenario = {
  name: 'pause-leader',
  summary: 'SIGSTOP of the leader; SIGCONT once another one serves, with requests waiting in its sockets',
  needs: 'processes',
  async run(trial) {
    const { system } = trial
    const leader = await system.leader()
    await trial.fault(`${leader} stopped`, () => system.pause(leader))
    await trial.mend(`${leader} goes on`, () => system.resume(leader))
  },
}
