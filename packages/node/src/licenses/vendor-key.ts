import { readFileSync } from 'node:fs'
import { keyIdOf } from '@tranca/license-key'
import type { Config } from '../config/schema.ts'
import { NodeError } from '../errors.ts'

/** Whose license keys this node accepts, and for which installation. */
export interface Vendor {
  readonly publicKeyPem: string
  /** First digits of the public key's hash, as key files name their signer. */
  readonly keyId: string
  /** Undefined: the first key that is installed decides. */
  readonly installationId: string | undefined
}

/**
 * Reads the vendor's public key that the configuration names; undefined if it names none.
 *
 * @throws {NodeError} CONFIG_INVALID
 */
export function readVendor(license: Config['license']): Vendor | undefined {
  if (license === undefined) return undefined
  const { vendorPublicKey: file, installationId } = license
  try {
    const publicKeyPem = readFileSync(file, 'utf8')
    return { publicKeyPem, keyId: keyIdOf(publicKeyPem), installationId }
  } catch (cause) {
    // The message never quotes the file: somebody may have put the private key there.
    const { message } = cause as Error
    throw new NodeError('CONFIG_INVALID', `license.vendorPublicKey: ${file}: ${message}`, { cause })
  }
}
