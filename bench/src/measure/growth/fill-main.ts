import { makeFiller } from './fill.ts'
import type { FillAnswer, FillCommand } from './stock.ts'

/** A process that fills a cluster as it is told, one command after the other, and keeps what it made. */
const fill = makeFiller()
process.on('message', (command: FillCommand) => {
  fill(command)
    .then(
      (): FillAnswer => ({ ok: true }),
      (error: unknown): FillAnswer => ({ ok: false, reason: String(error) }),
    )
    .then((answer) => process.send?.(answer))
    .catch(() => process.exit(1))
})
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit())
