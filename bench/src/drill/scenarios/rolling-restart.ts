import type { Scenario } from './scenario.ts'

export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  summary: 'each member stopped in order and started again, one after the other, the leader last',
  needs: 'processes',
  async run(trial) {
    const { system } = trial
    const leader = await system.leader()
    const followers = trial.random.sample(
      system.members.filter((member) => member !== leader),
      system.members.length,
    )
    await trial.fault('rolling restart', async () => {
      for (const member of [...followers, leader]) {
        await trial.step(`${member} stopped`, () => system.stop(member))
        await trial.step(`${member} started`, () => system.start(member))
        await system.whenHealthy()
      }
    })
    await trial.mend('waiting for all members', async () => undefined)
  },
}
