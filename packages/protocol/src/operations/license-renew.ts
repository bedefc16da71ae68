import { operation } from '../operation.ts'
import { grant } from './license-shapes.ts'
import { owner } from './shapes.ts'

/** Says that a grant is alive: its idle time begins again. */
export const licenseRenew = operation({
  code: 82,
  name: 'license.renew',
  kind: 'command',
  doc: 'Says that a grant is alive: its idle time begins again.',
  fields: { owner, grant },
  result: {},
  example: { owner: 'u1', grant: 812 },
  exampleResult: {},
})
