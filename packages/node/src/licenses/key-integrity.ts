import type { ReadValues } from '@tranca/ledger'
import { canonicalize, type KeyFile, verifyKey } from '@tranca/license-key'
import type { Vendor } from './vendor-key.ts'

/**
 * What is wrong with the key that the cluster has stored; '' if nothing is:
 * - `damaged`: it is not what was signed;
 * - `unsigned`: it was stored without its signature;
 * - `otherVendor`: signed, but not with the key that this node is configured with;
 * - `otherInstallation`: the configuration names another installation.
 */
export type KeyComplaint = '' | 'damaged' | 'unsigned' | 'otherVendor' | 'otherInstallation'

/** A key was checked before it was stored; this asks whether it still is what was checked. */
export function keyComplaint(
  { body, signature, keyId }: ReadValues['key.show'],
  { publicKeyPem, installationId }: Vendor,
): KeyComplaint {
  if (signature === '') return 'unsigned'
  // Of the right shape or not: that is the check's to say.
  const file = { body: JSON.parse(body), signature, keyId } as KeyFile
  const verified = verifyKey(file, publicKeyPem)
  if (!verified.ok) return verified.cause === 'otherVendor' ? 'otherVendor' : 'damaged'
  if (canonicalize(verified.key.body) !== body) return 'damaged'
  const isElsewhere = installationId !== undefined && verified.key.body.installationId !== installationId
  return isElsewhere ? 'otherInstallation' : ''
}
