import { operation } from '../operation.ts'
import { validityFields } from './license-shapes.ts'

/** Whether the installed key is valid, and until when. */
export const licenseValidity = operation({
  code: 101,
  name: 'license.validity',
  kind: 'read',
  doc: 'Whether the installed key is valid, and until when.',
  fields: {},
  result: validityFields,
  example: {},
  exampleResult: {
    state: 'contingency',
    reason: 'endsSoon',
    endMs: 1_806_462_000_000,
    calendarMs: 1_805_500_000_000,
    validatedMs: 1_805_400_000_000,
    serial: 7,
    customer: 'Example',
    installationId: 'example-1',
    validFrom: '2026-11-01',
    validUntil: '2027-03-31',
    emergencies: ['2026-12-24'],
  },
})
