import type { Scenario } from './scenario.ts'

export const promote: Scenario = {
  name: 'promote',
  summary: 'leadership handed to another member by the administrator',
  needs: 'processes',
  async run(trial) {
    const { system } = trial
    const leader = await system.leader()
    const other = trial.random.pick(system.members.filter((member) => member !== leader))
    await trial.fault(`${leader} hands over to ${other}`, () => system.promote(other))
    await trial.mend('waiting for all members', async () => undefined)
  },
}
