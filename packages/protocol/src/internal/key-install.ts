import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { text } from '../schema/scalars.ts'

/** Installs a license key whose signature the leader has verified. */
export const keyInstalled = operation({
  code: 246,
  name: 'key.install',
  kind: 'command',
  doc: 'Installs a license key whose signature the leader has verified.',
  fields: { body: text({ min: 1, max: limits.keyFileSizeMax }) },
  result: {},
  example: { body: '{"format":1,"kind":"license"}' },
  exampleResult: {},
})
