import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { boolean, count, oneOf, text } from '../schema/scalars.ts'
import { byDefault, told } from '../schema/schema.ts'
import { reducedBelowUse, validityState } from './license-shapes.ts'
import { many } from './shapes.ts'

/** Installs a license key, or says what it would change. */
export const keyInstall = operation({
  code: 160,
  name: 'key.install',
  kind: 'admin',
  doc: "Verifies a key file with the vendor's key that the leader's configuration names, and installs it. The answer says what has changed, or would change.",
  fields: {
    file: told(text({ min: 1, max: limits.keyFileSizeMax }), 'The whole text of the key file.'),
    dryRun: byDefault(boolean, false, 'Only says what would change.'),
  },
  result: {
    installed: told(boolean, 'False for a dry run.'),
    kind: oneOf('license', 'emergency'),
    serial: count,
    added: told(many(count), 'Products that came.'),
    removed: told(many(count), 'Products that went.'),
    changed: told(many(count), 'Products whose terms differ.'),
    reducedBelowUse: told(many(reducedBelowUse), 'Products with fewer units than are in use.'),
    validity: validityState,
  },
  example: { file: '{ "body": {}, "signature": "", "keyId": "" }', dryRun: true },
  exampleResult: {
    installed: false,
    kind: 'license',
    serial: 8,
    added: [4_134],
    removed: [],
    changed: [4_000],
    reducedBelowUse: [{ product: 4_000, installation: 'production', used: 31, total: 30 }],
    validity: 'valid',
  },
})
