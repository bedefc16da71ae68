import { operation } from '../operation.ts'
import { boolean, name } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'
import { owner } from './shapes.ts'

/** Gives a record code back. */
export const codeRelease = operation({
  code: 37,
  name: 'code.release',
  kind: 'command',
  doc: "Gives a record code back. Not reserved, or someone else's: false, never an error.",
  fields: { owner, code: told(name, 'The record code.') },
  result: { released: boolean },
  example: { owner: 'u1', code: 'SC5000123' },
  exampleResult: { released: true },
})
