import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'

/**
 * Reads a private key: mode and content of one and the same file, whatever happens to its name in between.
 *
 * @throws Error if others than its owner may read it; the message never quotes the file
 */
export function readSecret(file: string): string {
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
