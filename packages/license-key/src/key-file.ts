import { checkBody, type KeyBody } from './body.ts'
import { readable } from './canonical.ts'
import type { KeyRefusal } from './refusal.ts'
import { checkSigned, parseSigned, type Signed } from './signed-text.ts'

/** A body with the vendor's signature. */
export type KeyFile = Signed<KeyBody>

export type ReadKey = { readonly ok: true; readonly key: KeyFile } | KeyRefusal

/** The text of a key file, always the same for the same key: what `parseKeyFile` reads. */
export function formatKeyFile(file: KeyFile): string {
  return readable(file)
}

/**
 * Reads a key file without asking who signed it: `verifyKey` does that. The text must be exactly what
 * `formatKeyFile` writes, so that no byte of a key file may differ; line ends may have become CRLF.
 */
export function parseKeyFile(content: string | Uint8Array): ReadKey {
  return parseSigned(content, checkKeyFile)
}

/** Shape of a key file; throws a `FieldError`. */
export const checkKeyFile = checkSigned(checkBody)
