import { operation } from '../operation.ts'
import { keyView } from './license-shapes.ts'
import { many } from './shapes.ts'

/** All license keys that were ever installed. */
export const keyHistory = operation({
  code: 162,
  name: 'key.history',
  kind: 'read',
  doc: 'All license keys that were ever installed, the oldest first.',
  fields: {},
  result: { keys: many(keyView) },
  example: {},
  exampleResult: {
    keys: [
      {
        kind: 'license',
        serial: 7,
        installedMs: 1_795_262_400_000,
        validFrom: '2026-11-01',
        validUntil: '2027-03-31',
        added: [4_000, 4_001],
        removed: [],
      },
    ],
  },
})
