import type { LoadAnswer, LoadCommand, Numbered } from './messages.ts'
import { LoadWorker } from './worker.ts'

// A process of the load: obeys its parent until that goes away.
let worker: LoadWorker | undefined

async function obey(command: LoadCommand): Promise<LoadAnswer> {
  if (command.kind === 'open') {
    worker = new LoadWorker(command.part)
    await worker.open()
    return { kind: 'done' }
  }
  if (worker === undefined) throw new Error(`${command.kind} before open`)
  switch (command.kind) {
    case 'until':
      await worker.until(command.afterMs, command.answers)
      return { kind: 'done' }
    case 'take':
      return { kind: 'times', times: worker.take() }
    case 'stop':
      return { kind: 'seen', seen: await worker.stop() }
    default:
      return command satisfies never
  }
}

process.on('message', ({ id, body }: Numbered<LoadCommand>) => {
  obey(body)
    .catch((error: unknown): LoadAnswer => ({ kind: 'failed', reason: String(error) }))
    .then((answer) => process.send?.({ id, body: answer } satisfies Numbered<LoadAnswer>))
    .catch(() => process.exit(1))
})
// Ctrl-C goes to the whole group; the parent ends this process in order, or by going away.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit())
