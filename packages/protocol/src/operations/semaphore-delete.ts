import { operation } from '../operation.ts'
import { boolean, name } from '../schema/scalars.ts'

/** Lets a semaphore vanish when it is idle. */
export const semaphoreDelete = operation({
  code: 49,
  name: 'semaphore.delete',
  kind: 'command',
  doc: 'Lets a semaphore vanish as soon as nobody uses it.',
  fields: { name },
  result: { deleted: boolean },
  example: { name: 'jobs' },
  exampleResult: { deleted: true },
})
