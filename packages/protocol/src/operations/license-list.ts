import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { struct } from '../schema/containers.ts'
import { count, text } from '../schema/scalars.ts'
import { optional } from '../schema/schema.ts'
import { productView, validity } from './license-shapes.ts'
import { installation, many, wallMs } from './shapes.ts'

const peaks = struct({
  units: count,
  unitsMs: wallMs,
  connections: count,
  connectionsMs: wallMs,
  sessions: count,
  sessionsMs: wallMs,
})

/** Products with what is in force, in use and free. */
export const licenseList = operation({
  code: 96,
  name: 'license.list',
  kind: 'read',
  doc: 'Products with what is in force, in use and free, the peaks over all of them, and the validity of the key.',
  fields: {
    namespace: optional(text({ max: limits.nameSizeMax, plain: true }), 'Without meaning here.'),
    installation: optional(installation, 'Absent: all types of installation.'),
  },
  result: { products: many(productView), peaks, validity },
  example: { installation: 'production' },
  exampleResult: {
    products: [
      {
        product: 4_000,
        name: 'Full',
        nature: 'concurrent',
        installation: 'production',
        total: 50,
        overdraft: 0,
        used: 31,
        resting: 0,
        lingering: 1,
        available: 19,
        reserved: 5,
        borrowed: 0,
        assigned: 0,
        inUse: 30,
        waived: 12,
        query: 2,
        queued: 0,
        peak: 48,
        peakMs: 1_795_262_400_000,
        peakConnections: 60,
        validity: 'valid',
        validUntil: '2027-03-31',
      },
    ],
    peaks: {
      units: 48,
      unitsMs: 1_795_262_400_000,
      connections: 60,
      connectionsMs: 1_795_262_400_000,
      sessions: 4,
      sessionsMs: 1_795_262_400_000,
    },
    validity: {
      state: 'valid',
      reason: '',
      endMs: 1_806_462_000_000,
      calendarMs: 1_795_262_400_000,
      validatedMs: 1_795_200_000_000,
      serial: 7,
      customer: 'Example',
      installationId: 'example-1',
      validFrom: '2026-11-01',
      validUntil: '2027-03-31',
      emergencies: [],
    },
  },
})
