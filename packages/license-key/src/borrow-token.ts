import { readable } from './canonical.ts'
import { ID_LENGTH_MAX, PRODUCT_ID_MAX, QUANTITY_MAX } from './limits.ts'
import { type BorrowTokenCause, type Refusal, refuse } from './refusal.ts'
import { id, instant, integer, oneOf, record, text } from './shape.ts'
import { signBody, verifySigned } from './signature.ts'
import { checkSigned, parseSigned, type Signed } from './signed-text.ts'

/** A unit that went with its user: what an ERP may believe without asking the cluster. */
export interface BorrowBody {
  readonly format: 1
  readonly kind: 'borrow'
  /** As in the license key that was in force. */
  readonly installationId: string
  readonly product: number
  readonly user: string
  readonly units: number
  /** Its id at the cluster, to return it early. */
  readonly borrow: string
  /** ISO instant in UTC, exclusive. */
  readonly until: string
  readonly issuedAt: string
}

export type BorrowToken = Signed<BorrowBody>

export type ReadBorrowToken = { readonly ok: true; readonly token: BorrowToken } | Refusal<BorrowTokenCause>

const USER_BYTES_MAX = 512

const checkBorrowBody = record<BorrowBody>({
  format: oneOf([1]),
  kind: oneOf(['borrow']),
  installationId: id,
  product: integer({ min: 1, max: PRODUCT_ID_MAX }),
  user: text({ bytesMax: USER_BYTES_MAX }),
  units: integer({ min: 1, max: QUANTITY_MAX }),
  borrow: text({ bytesMax: ID_LENGTH_MAX }),
  until: instant,
  issuedAt: instant,
})
const checkToken = checkSigned(checkBorrowBody)

/**
 * The text of a token, signed with the installation's own key: the same body always gives the same text.
 * A body that breaks a rule is a `FieldError`, an unusable key a `KeyMaterialError`.
 */
export function signBorrowToken(body: BorrowBody, privateKeyPem: string): string {
  return readable(signBody(checkBorrowBody(body, 'body'), privateKeyPem))
}

/**
 * Whether a token was signed by this installation, is whole, and its time is not over. Needs nothing but the
 * installation's public key, so that an ERP can ask offline.
 *
 * @param wallMs the wall clock, epoch ms: as far as it can be trusted, so can the end of the token
 * @example
 * const read = verifyBorrowToken(readFileSync('ana.token', 'utf8'), publicKeyPem, Date.now())
 * if (read.ok) enable(read.token.body.product, read.token.body.user)
 * else refuseLogin(read.cause, read.detail) // 'expired', 'damaged', 'otherInstallation', ...
 */
export function verifyBorrowToken(
  content: string | Uint8Array,
  publicKeyPem: string,
  wallMs: number,
): ReadBorrowToken {
  const read = parseSigned(content, checkToken)
  if (!read.ok) return read
  const token = read.key
  const { state, keyId } = verifySigned(token, publicKeyPem)
  if (state === 'otherKey') {
    return refuse('otherInstallation', 'keyId', token.keyId, `${keyId}, the key of this installation`)
  }
  if (state === 'damaged') {
    return refuse('damaged', 'signature', token.signature, `the signature of ${keyId} over this body`)
  }
  const { until } = token.body
  if (wallMs >= Date.parse(until)) {
    return refuse('expired', 'body.until', until, `an instant after ${new Date(wallMs).toISOString()}`)
  }
  return { ok: true, token }
}
