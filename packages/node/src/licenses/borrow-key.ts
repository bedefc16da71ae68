import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { keyIdOf, publicKeyOf } from '@tranca/license-key'
import type { Config } from '../config/schema.ts'
import { NodeError } from '../errors.ts'

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

/** Mode and content of one and the same file, whatever happens to its name in between. */
function readSecret(file: string): string {
  const descriptor = openSync(file, 'r')
  try {
    const mode = fstatSync(descriptor).mode & 0o777
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const octal = mode.toString(8).padStart(4, '0')
      throw new Error(`mode ${octal}; expected 0600: a private key is for its owner only`)
    }
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}
