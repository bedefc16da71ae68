import { operation } from '../operation.ts'
import { always, name } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'
import { owner } from './shapes.ts'

/** Reserves a record code, as MayIUseCode does. */
export const codeReserve = operation({
  code: 36,
  name: 'code.reserve',
  kind: 'command',
  doc: 'Reserves a record code for the owner; again is no error.',
  fields: { owner, code: told(name, 'The record code.') },
  result: { reserved: always },
  example: { owner: 'u1', code: 'SC5000123' },
  exampleResult: { reserved: true },
})
