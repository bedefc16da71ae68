import { operation } from '../operation.ts'
import { reason } from '../operations/shapes.ts'

/** The key failed its check of integrity, or passes it again. */
export const licenseRestrict = operation({
  code: 249,
  name: 'license.restrict',
  kind: 'command',
  doc: 'The license key failed its check of integrity; an empty reason lifts it.',
  fields: { reason },
  result: {},
  example: { reason: 'the stored key does not match its signature' },
  exampleResult: {},
})
