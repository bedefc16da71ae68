import { operation } from '../operation.ts'
import { count } from '../schema/scalars.ts'
import { owner } from './shapes.ts'

/** Gives all record codes of an owner back. */
export const codeReleaseAll = operation({
  code: 38,
  name: 'code.releaseAll',
  kind: 'command',
  doc: 'Gives all record codes of the owner back.',
  fields: { owner },
  result: { released: count },
  example: { owner: 'u1' },
  exampleResult: { released: 4 },
})
