import { createPrivateKey } from 'node:crypto'
import fc from 'fast-check'
import type { EmergencyKey, LicenseKey } from '../src/index.ts'
import { publicKeyOf } from '../src/index.ts'

/** The first test key of RFC 8032, section 7.1: the same signatures on every machine. */
const SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'
const PKCS8_PREFIX = '302e020100300506032b657004220420'

export const vendorPrivate = createPrivateKey({
  key: Buffer.from(PKCS8_PREFIX + SEED, 'hex'),
  format: 'der',
  type: 'pkcs8',
})
  .export({ type: 'pkcs8', format: 'pem' })
  .toString()
export const vendorPublic = publicKeyOf(vendorPrivate)

export const license: LicenseKey = {
  format: 1,
  kind: 'license',
  serial: 7,
  customer: { id: 'C-0042', name: 'Padaria São João' },
  installationId: 'sao-joao-1',
  hardlockId: 'HL-77',
  issuedAt: '2025-12-20T13:05:00.000Z',
  validFrom: '2026-01-01',
  validUntil: '2026-04-30',
  utcOffsetMinutes: -180,
  onlineValidation: { toleranceDays: 5 },
  products: [
    {
      id: 4000,
      name: 'Full',
      nature: 'concurrent',
      quantity: 10,
      consumerKey: ['user', 'group'],
      overdraft: 2,
      distribution: { production: 8, development: 2 },
    },
    {
      id: 4001,
      name: 'TOTVS I',
      nature: 'concurrent',
      quantity: 5,
      consumerKey: [],
      reuse: { windowMs: 30_000, from: 'acquire' },
    },
    { id: 4177, name: 'HR OnDemand', nature: 'onDemand', quantity: 300, metric: 'employees' },
    { id: 4091, name: 'TOP_PROCESSOR', nature: 'processing', quantity: 6, consumerKey: ['host'] },
    { id: 4016, name: 'Intera', nature: 'named', quantity: 3, consumerKey: ['user'] },
    { id: 3100, name: 'Corporate', nature: 'enabling', quantity: 0, capacity: { companies: 12 } },
  ],
  features: [
    { id: 'fiscal', name: 'Fiscal', products: [4134, 4000] },
    { id: 'webservices', name: 'Web services', products: [4001, 4000] },
  ],
  clones: [
    {
      serial: 'HL-77-B',
      term: 'Term 12/2025',
      signedBy: 'J. Souza',
      signedOn: '2025-12-19',
      registeredAt: '2025-12-19T18:00:00.000Z',
    },
  ],
}

export const emergency: EmergencyKey = {
  format: 1,
  kind: 'emergency',
  serial: 8,
  installationId: 'sao-joao-1',
  day: '2026-03-01',
  utcOffsetMinutes: -180,
  number: 1,
}

/** For properties: TRANCA_SEED fixes what fast-check would draw and print. */
export function property(runs: number): fc.Parameters<unknown> {
  const seed = process.env.TRANCA_SEED
  return { numRuns: runs, verbose: 1, ...(seed === undefined ? {} : { seed: Number(seed) }) }
}

/** Any value that has a canonical form. */
export const canonicalValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  text: fc.string({ unit: 'binary', maxLength: 8 }).map((each) => each.normalize('NFC')),
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 6 },
    tie('text'),
    fc.maxSafeInteger().map((each) => each + 0),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(tie('text') as fc.Arbitrary<string>, tie('value'), { maxKeys: 5 }),
  ),
})).value
