import { operation } from '../operation.ts'
import { count } from '../schema/scalars.ts'
import { owner } from './shapes.ts'

/** Releases all that one owner holds or waits for. */
export const ownerRelease = operation({
  code: 19,
  name: 'owner.release',
  kind: 'command',
  doc: 'Releases all that the owner holds; what it waits for is answered `canceled`.',
  fields: { owner },
  result: { released: count },
  example: { owner: 'u1' },
  exampleResult: { released: 3 },
})
