import { operation } from '../operation.ts'
import { count, name } from '../schema/scalars.ts'
import { byDefault } from '../schema/schema.ts'
import { owner, permits } from './shapes.ts'

/** Gives permits back. */
export const semaphoreRelease = operation({
  code: 51,
  name: 'semaphore.release',
  kind: 'command',
  doc: 'Gives permits back.',
  fields: { owner, name, permits: byDefault(permits, 1) },
  result: { held: count },
  example: { owner: 'u1', name: 'jobs' },
  exampleResult: { held: 0 },
})
