import type { PlainScenario } from './scenario.ts'

export const pauseLeader: PlainScenario = {
  name: 'pause-leader',
  summary: 'SIGSTOP of the leader; SIGCONT once another one serves, with reads waiting in its sockets',
  needs: 'processes',
  async run(trial) {
    const { system } = trial
    const leader = await system.leader()
    const readers = await system.readersOf?.(leader)
    await trial.fault(`${leader} stopped`, () => system.pause(leader))
    await trial.mend(`${leader} goes on`, async () => {
      // It believes that it leads when it finds them, until it hears from the others.
      await readers?.ask()
      await system.resume(leader)
      await readers?.answered()
    })
  },
}
