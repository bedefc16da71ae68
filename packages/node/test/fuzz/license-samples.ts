import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { publicKeyOf, signBorrowToken } from '@tranca/license-key'

const folder = new URL('../../../../license-key/testdata/', import.meta.url)

/** A key file of the vendor, and who signed it. */
export const keyFileSample = readFileSync(fileURLToPath(new URL('license.key.json', folder)), 'utf8')
export const vendorPublicKey = readFileSync(fileURLToPath(new URL('vendor-public.pem', folder)), 'utf8')

/** Always the same key, so that a seed always makes the same bytes (RFC 8410, section 7). */
const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 7)])
const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  .export({ format: 'pem', type: 'pkcs8' })
  .toString()

export const installationPublicKey = publicKeyOf(privateKey)
export const borrowTokenSample = signBorrowToken(
  {
    format: 1,
    kind: 'borrow',
    installationId: 'example-1',
    product: 4000,
    user: 'ana',
    units: 1,
    borrow: '17',
    until: '2026-02-01T12:00:00.000Z',
    issuedAt: '2026-01-01T12:00:00.000Z',
  },
  privateKey,
)
export const wallMs = Date.UTC(2026, 0, 10)
