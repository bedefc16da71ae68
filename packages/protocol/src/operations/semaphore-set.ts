import { operation } from '../operation.ts'
import { count, name } from '../schema/scalars.ts'
import { permits } from './shapes.ts'

/** Creates a semaphore that stays, or changes how many permits it has. */
export const semaphoreSet = operation({
  code: 48,
  name: 'semaphore.set',
  kind: 'command',
  doc: 'Creates a semaphore that stays, or changes its total. Below what is used: no new grants until it fits.',
  fields: { name, total: permits },
  result: { total: count, used: count },
  example: { name: 'jobs', total: 4 },
  exampleResult: { total: 4, used: 1 },
})
