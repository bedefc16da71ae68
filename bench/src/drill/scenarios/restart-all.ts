import type { PlainScenario } from './scenario.ts'

export const restartAll: PlainScenario = {
  name: 'restart-all',
  summary: 'SIGKILL of all members at once, as by a power failure; all started again',
  needs: 'processes',
  async run(trial) {
    const { system } = trial
    const { members } = system
    await trial.fault('all killed', async () => {
      await Promise.all(members.map((member) => system.kill(member)))
      await trial.step('all started', async () => {
        await Promise.all(members.map((member) => system.start(member)))
      })
    })
    await trial.mend('waiting for all members', async () => undefined)
  },
}
