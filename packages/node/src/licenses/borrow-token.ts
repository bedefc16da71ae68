import type { Ledger, ReadValues, Result } from '@tranca/ledger'
import { FieldError, signBorrowToken } from '@tranca/license-key'
import type { BorrowKey } from './borrow-key.ts'

/** Signs what the ledger remembers and nothing else, so that every leader gives the same token. */
export function borrowToken(ledger: Ledger, borrow: string, { privateKeyPem }: BorrowKey): Result {
  const found = ledger.query({ op: 'license.borrowed', borrow, limit: 1 })
  if (!found.ok) return found
  const one = (found.value as ReadValues['license.borrowed']).borrows[0]!
  const validity = ledger.query({ op: 'license.validity' })
  if (!validity.ok) return validity
  const { installationId } = validity.value as ReadValues['license.validity']
  const { product, user, units, sinceMs, untilMs } = one
  try {
    const token = signBorrowToken(
      {
        format: 1,
        kind: 'borrow',
        installationId,
        product,
        user,
        units,
        borrow,
        until: new Date(untilMs).toISOString(),
        issuedAt: new Date(sinceMs).toISOString(),
      },
      privateKeyPem,
    )
    return { ok: true, value: { token } }
  } catch (error) {
    // A name that the ledger takes may be more than a signed text does.
    if (!(error instanceof FieldError)) throw error
    const { field, value, expected } = error
    return { ok: false, cause: 'invalid', detail: { field, value, expected } }
  }
}
