import {
  formatKeyFile,
  type KeyBody,
  type KeyFile,
  offsetText,
  publicKeyOf,
  signKey,
  verifyKey,
} from '@tranca/license-key'
import type { Desk } from './command-kit.ts'
import { VendorError } from './errors.ts'
import { MODE_PUBLIC, writeNew } from './files.ts'

/** Signs, and reads its own signature back: what leaves the desk can be installed. */
export function signChecked(body: KeyBody, privateKeyPem: string): KeyFile {
  const key = signKey(body, privateKeyPem)
  const verified = verifyKey(key, publicKeyOf(privateKeyPem))
  if (!verified.ok) throw new VendorError('PRIVATE_KEY_INVALID', "the vendor's private key signs wrongly")
  return key
}

/** A key for the customer: into a file, or to stdout as it is. */
export function giveKey(desk: Desk, key: KeyFile, options: { out?: string; force?: boolean }): void {
  const { out, force = false } = options
  if (out !== undefined) writeNew(out, formatKeyFile(key), { mode: MODE_PUBLIC, force })
  else if (!desk.json) desk.io.stdout.write(formatKeyFile(key))
}

/** What a program learns about a key. */
export function keyData(key: KeyFile, out: string | undefined): object {
  const { body, keyId } = key
  const { kind, installationId, serial } = body
  const period =
    body.kind === 'license'
      ? { validFrom: body.validFrom, validUntil: body.validUntil, products: body.products.length }
      : { day: body.day, number: body.number }
  return { kind, installationId, serial, ...period, keyId, ...(out === undefined ? {} : { file: out }), key }
}

/** One line about a key. */
export function keyLine(key: KeyFile): string {
  const { body } = key
  const offset = offsetText(body.utcOffsetMinutes)
  const head = `${body.installationId} serial ${body.serial}:`
  return body.kind === 'license'
    ? `${head} license from ${body.validFrom} until ${body.validUntil} (${offset}), ${body.products.length} products`
    : `${head} emergency key ${body.number} for ${body.day} (${offset})`
}
