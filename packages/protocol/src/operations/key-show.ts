import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { count, text } from '../schema/scalars.ts'
import { byDefault, told } from '../schema/schema.ts'
import { validity } from './license-shapes.ts'
import { wallMs } from './shapes.ts'

/** The installed license key. */
export const keyShow = operation({
  code: 161,
  name: 'key.show',
  kind: 'read',
  doc: 'The installed license key.',
  fields: {},
  result: {
    body: told(text({ max: limits.keyFileSizeMax }), 'Canonical JSON of its body; empty if there is none.'),
    serial: count,
    installedMs: wallMs,
    validity,
    signature: byDefault(text({ max: limits.keySignatureMax }), '', "The vendor's, over the body."),
    keyId: byDefault(text({ max: limits.keySignatureMax }), '', 'Which of his keys signed.'),
  },
  example: {},
  exampleResult: {
    body: '',
    serial: 0,
    installedMs: 0,
    validity: {
      state: 'unlicensed',
      reason: '',
      endMs: 0,
      calendarMs: 1_795_262_400_000,
      validatedMs: 0,
      serial: 0,
      customer: '',
      installationId: '',
      validFrom: '',
      validUntil: '',
      emergencies: [],
    },
    signature: '',
    keyId: '',
  },
})
