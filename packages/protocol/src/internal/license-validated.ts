import { operation } from '../operation.ts'
import { wallMs } from '../operations/shapes.ts'

/** An online validation has succeeded. */
export const licenseValidated = operation({
  code: 248,
  name: 'license.validated',
  kind: 'command',
  doc: 'An online validation has succeeded.',
  fields: { wallMs },
  result: {},
  example: { wallMs: 1_795_262_400_000 },
  exampleResult: {},
})
