import { createPrivateKey } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { formatKeyFile, type LicenseKey, type Product, signKey } from '@tranca/license-key'

/** The vendor's public key, as nodes are configured with it: it belongs to the private key below. */
export const vendorPublicKey = fileURLToPath(new URL('../../../testdata/vendor.pub.pem', import.meta.url))

/** RFC 8410: what stands before the 32 bytes of an Ed25519 private key. */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** An Ed25519 private key (PEM) made of the first 32 letters of a text. */
export function privateKeyOf(text: string): string {
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8, Buffer.alloc(32, text)]),
    format: 'der',
    type: 'pkcs8',
  })
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

const vendorKey = privateKeyOf('a vendor who only sells to tests')

export const product = { full: 4_000, slaves: 4_010, fiscal: 4_134, cores: 4_200 } as const

const files = new Map<number, string>()

/** The key file of a serial, signed when first asked for. */
export function keyFile(serial: number): string {
  let file = files.get(serial)
  if (file === undefined) {
    file = formatKeyFile(signKey(licenseOf(serial), vendorKey))
    files.set(serial, file)
  }
  return file
}

/** Units of each product that the key of a serial puts in force, in production. */
export function unitsInForce(serial: number): ReadonlyMap<number, number> {
  return new Map(productsOf(serial).map(({ id, quantity, overdraft = 0 }) => [id, quantity + overdraft]))
}

function licenseOf(serial: number): LicenseKey {
  return {
    format: 1,
    kind: 'license',
    serial,
    customer: { id: '0001', name: 'Simulated' },
    installationId: 'simulated-1',
    issuedAt: '2026-11-01T12:00:00.000Z',
    validFrom: '2026-11-01',
    validUntil: '2027-10-31',
    utcOffsetMinutes: -180,
    products: productsOf(serial),
    features: [
      { id: 'full', name: 'Full', products: [product.full] },
      { id: 'fiscal', name: 'Fiscal', products: [product.fiscal, product.full] },
    ],
  }
}

/** Each key has more of some and less of others than the one before. */
function productsOf(serial: number): readonly Product[] {
  const step = serial % 3
  return [
    {
      id: product.full,
      name: 'Full',
      nature: 'concurrent',
      quantity: [1, 3, 2][step]!,
      consumerKey: ['user', 'group'],
    },
    {
      id: product.slaves,
      name: 'Slaves',
      nature: 'concurrent',
      quantity: [5, 4, 2][step]!,
      reuse: { windowMs: 300, from: 'release' },
    },
    {
      id: product.fiscal,
      name: 'Fiscal',
      nature: 'concurrent',
      quantity: 1,
      overdraft: step,
      consumerKey: ['user', 'group'],
    },
    {
      id: product.cores,
      name: 'Cores',
      nature: 'processing',
      quantity: [4, 6, 5][step]!,
      consumerKey: ['host'],
    },
  ]
}
