import { keyIdOf, publicKeyOf } from '@tranca/license-key'
import type { Config } from '../config/schema.ts'
import { NodeError } from '../errors.ts'
import { readSecret } from '../security/secret-file.ts'

/** The installation's own key: what tokens of borrowed units are signed with. */
export interface BorrowKey {
  readonly privateKeyPem: string
  readonly keyId: string
}

/**
 * Reads the private key that the configuration names; undefined if it names none.
 *
 * @throws {NodeError} CONFIG_INVALID, also if others than its owner may read the file
 */
export function readBorrowKey(license: Config['license']): BorrowKey | undefined {
  const file = license?.borrowKey
  if (file === undefined) return undefined
  try {
    const privateKeyPem = readSecret(file)
    return { privateKeyPem, keyId: keyIdOf(publicKeyOf(privateKeyPem)) }
  } catch (cause) {
    // The message never quotes the file.
    const { message } = cause as Error
    throw new NodeError('CONFIG_INVALID', `license.borrowKey: ${file}: ${message}`, { cause })
  }
}
