import type { PlainScenario } from './scenario.ts'

export const killFollower: PlainScenario = {
  name: 'kill-follower',
  summary: 'SIGKILL of a follower; started again',
  needs: 'processes',
  async run(trial) {
    const { system } = trial
    const leader = await system.leader()
    const follower = trial.random.pick(system.members.filter((member) => member !== leader))
    await trial.fault(`${follower} killed`, () => system.kill(follower))
    await trial.mend(`${follower} started`, () => system.start(follower))
  },
}
