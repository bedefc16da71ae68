import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { text } from '../schema/scalars.ts'
import { byDefault } from '../schema/schema.ts'

/** Installs a license key whose signature the leader has verified. */
export const keyInstalled = operation({
  code: 246,
  name: 'key.install',
  kind: 'command',
  doc: 'Installs a license key whose signature the leader has verified.',
  fields: {
    body: text({ min: 1, max: limits.keyFileSizeMax }),
    // Entries of older versions have neither.
    signature: byDefault(text({ max: limits.keySignatureMax }), ''),
    keyId: byDefault(text({ max: limits.keySignatureMax }), ''),
  },
  result: {},
  example: {
    body: '{"format":1,"kind":"license"}',
    signature: 'YvKlc3n5bGFuZQ==',
    keyId: 'b39c2c0a49bf0a4b',
  },
  exampleResult: {},
})
