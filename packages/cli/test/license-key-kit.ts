import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  formatKeyFile,
  type KeyBody,
  type KeyPair,
  type LicenseKey,
  type Product,
  signKey,
} from '@tranca/license-key'

const DAY_MS = 86_400_000

/** The date so many days from now, as keys and `--until` write it: `2026-01-31`. */
export function dateIn(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10)
}

/** A license key for the tests' installation, valid from thirty days ago to ninety ahead. */
export function licenseKey(given: Pick<LicenseKey, 'serial' | 'products'> & Partial<LicenseKey>): LicenseKey {
  return {
    format: 1,
    kind: 'license',
    customer: { id: '0001', name: 'Example' },
    installationId: 'example-1',
    issuedAt: '2026-01-01T12:00:00.000Z',
    validFrom: dateIn(-30),
    validUntil: dateIn(90),
    utcOffsetMinutes: 0,
    features: [],
    ...given,
  }
}

/** A seat for one user, as the ERP's full one. */
export function fullProduct(quantity: number): Product {
  return { id: 4_000, name: 'Full', nature: 'concurrent', quantity, consumerKey: ['user'] }
}

/** Writes the key, signed by the vendor, as `<serial>.key` into the directory; returns the file's path. */
export function writeKeyFile(directory: string, key: KeyBody, vendor: KeyPair): string {
  const file = join(directory, `${key.serial}.key`)
  writeFileSync(file, formatKeyFile(signKey(key, vendor.privateKeyPem)))
  return file
}
