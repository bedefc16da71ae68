import type { LicenseKey, Product } from '@tranca/license-key'

const DAY_MS = 86_400_000

/** The date so many days from `atMs` (default: now), as keys write it: `2026-01-31`. */
export function dateIn(days: number, atMs = Date.now()): string {
  return new Date(atMs + days * DAY_MS).toISOString().slice(0, 10)
}

/** A license key for the test's installation, valid from thirty days before `atMs` to ninety after it. */
export function licenseKey(
  given: Pick<LicenseKey, 'serial'> & Partial<LicenseKey>,
  atMs = Date.now(),
): LicenseKey {
  return {
    format: 1,
    kind: 'license',
    customer: { id: '0001', name: 'Example' },
    installationId: 'example-1',
    issuedAt: '2026-01-01T12:00:00.000Z',
    validFrom: dateIn(-30, atMs),
    validUntil: dateIn(90, atMs),
    utcOffsetMinutes: 0,
    products: [fullProduct(2)],
    features: [],
    ...given,
  }
}

/** A seat for one user, as the ERP's full one. */
export function fullProduct(quantity: number): Product {
  return { id: 4_000, name: 'Full', nature: 'concurrent', quantity, consumerKey: ['user'] }
}
