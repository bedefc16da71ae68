import type { InternalCommand } from '@tranca/ledger'
import { canonicalize, type KeyCause, parseKeyFile, verifyKey } from '@tranca/license-key'
import type { Cause } from '@tranca/protocol'
import type { Vendor } from './vendor-key.ts'

export type KeyInstallCommand = Extract<InternalCommand, { op: 'key.install' }>

export type CheckedKey =
  | { readonly ok: true; readonly command: KeyInstallCommand }
  | { readonly ok: false; readonly cause: Cause; readonly detail: object }

const causeOf: Readonly<Record<KeyCause, Cause>> = {
  damaged: 'keyDamaged',
  unknownFormat: 'keyUnknownFormat',
  invalid: 'keyInvalid',
  otherVendor: 'keyOtherVendor',
}

/**
 * What can be said of a key file without the ledger: that the vendor signed exactly this, for this
 * installation. Whether it fits to what is installed is the ledger's to say.
 */
export function checkKeyFile(file: string, vendor: Vendor | undefined): CheckedKey {
  if (vendor === undefined) return { ok: false, cause: 'noVendorKey', detail: {} }
  const read = parseKeyFile(file)
  const verified = read.ok ? verifyKey(read.key, vendor.publicKeyPem) : read
  if (!verified.ok) return { ok: false, cause: causeOf[verified.cause], detail: verified.detail }
  const { body, signature, keyId } = verified.key
  const { installationId } = vendor
  if (installationId !== undefined && body.installationId !== installationId) {
    const detail = { installationId: body.installationId, expected: installationId }
    return { ok: false, cause: 'keyForOther', detail }
  }
  return { ok: true, command: { op: 'key.install', body: canonicalize(body), signature, keyId } }
}
