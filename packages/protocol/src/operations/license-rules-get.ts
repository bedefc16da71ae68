import { operation } from '../operation.ts'
import { count } from '../schema/scalars.ts'
import { rules, usageDays } from './license-shapes.ts'

/** The rules in force. */
export const licenseRulesGet = operation({
  code: 102,
  name: 'license.rulesGet',
  kind: 'read',
  doc: 'The rules in force, and their version.',
  fields: {},
  result: { version: count, rules, usageDays },
  example: {},
  exampleResult: {
    version: 3,
    rules: [{ kind: 'max', product: 4_001, subject: { type: 'host', value: 'integration' }, amount: 10 }],
    usageDays: 30,
  },
})
