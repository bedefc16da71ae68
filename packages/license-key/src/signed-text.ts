import { readable } from './canonical.ts'
import { FieldError } from './field-error.ts'
import { KEY_FILE_SIZE_MAX } from './limits.ts'
import { type Refusal, refuse, refuseFor } from './refusal.ts'
import { type Check, record } from './shape.ts'

/** A body and who stands for it: what key files and borrow tokens have in common. */
export interface Signed<B> {
  readonly body: B
  /** Ed25519 over the canonical form of the body, in base64. */
  readonly signature: string
  /** Which key signed: the first 16 hex digits of SHA-256 over the raw public key. */
  readonly keyId: string
}

type TextRefusal = Refusal<'damaged' | 'unknownFormat' | 'invalid'>

export type ParsedSigned<S> = { readonly ok: true; readonly key: S } | TextRefusal

const checkSignature: Check<string> = (value, field) => {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.alloc(0)
  if (bytes.length !== SIGNATURE_BYTES || bytes.toString('base64') !== value) {
    throw new FieldError(field, value, `${SIGNATURE_BYTES} bytes in base64`)
  }
  return value
}

const checkKeyId: Check<string> = (value, field) => {
  if (typeof value !== 'string' || !/^[0-9a-f]{16}$/.test(value)) {
    throw new FieldError(field, value, '16 hexadecimal digits in lower case')
  }
  return value
}

const SIGNATURE_BYTES = 64

/** Shape of a signed body; throws a `FieldError`. */
export function checkSigned<B>(checkBody: Check<B>): Check<Signed<B>> {
  return record<Signed<unknown>>({
    body: checkBody,
    signature: checkSignature,
    keyId: checkKeyId,
  }) as Check<Signed<B>>
}

/**
 * Reads what `readable` has written, byte for byte, without asking who signed it; line ends may have become
 * CRLF.
 */
export function parseSigned<S>(content: string | Uint8Array, check: Check<S>): ParsedSigned<S> {
  const text = decode(content)
  if (typeof text !== 'string') return text
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse('damaged', 'file', text, 'JSON')
  }
  const format = formatOf(value)
  if (typeof format === 'number' && Number.isSafeInteger(format) && format > 1) {
    return refuse('unknownFormat', 'body.format', format, '1: this version knows no newer format')
  }
  try {
    const written = readable(value)
    if (written !== text) return refuseDifference(text, written)
  } catch (error) {
    return refuseFor('damaged', error)
  }
  try {
    return { ok: true, key: check(value, '') }
  } catch (error) {
    return refuseFor('invalid', error)
  }
}

function decode(content: string | Uint8Array): string | TextRefusal {
  const size = typeof content === 'string' ? Buffer.byteLength(content) : content.length
  if (size > KEY_FILE_SIZE_MAX) return refuse('damaged', 'file', size, `at most ${KEY_FILE_SIZE_MAX} bytes`)
  let text: string
  try {
    // A byte order mark is kept, and refused as what it is: a byte too many.
    text =
      typeof content === 'string'
        ? content
        : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    return refuse('damaged', 'file', 'bytes that are no UTF-8', 'UTF-8')
  }
  // All line ends or none: one alone is a changed byte, not another system's way to write lines.
  return /\r\n/.test(text) && !/[^\r]\n|^\n/.test(text) ? text.replaceAll('\r\n', '\n') : text
}

function formatOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('body' in value)) return undefined
  const { body } = value
  return typeof body === 'object' && body !== null && 'format' in body ? body.format : undefined
}

function refuseDifference(text: string, written: string): TextRefusal {
  const lines = text.split('\n')
  const expected = written.split('\n')
  const at = lines.findIndex((line, index) => line !== expected[index])
  const line = at < 0 ? lines.length : at
  return refuse(
    'damaged',
    `line ${line + 1}`,
    lines[line],
    expected[line] === undefined ? 'the end of the file' : `the line ${expected[line]}`,
  )
}
