import { type ValidationRequest, verifyValidation } from '@tranca/license-key'
import type { FetchAnswer } from '../environment/fetch.ts'

/**
 * Why a key was not validated:
 * - `unreachable`, `timeout`: the vendor did not answer;
 * - `refused`: the vendor says no, and why in `reason`;
 * - `badAnswer`: an answer that is none;
 * - `badSignature`: not signed by the vendor whose public key is configured;
 * - `otherRequest`: signed, but for another installation, key or nonce.
 */
export const validationFailures = [
  'unreachable',
  'timeout',
  'refused',
  'badAnswer',
  'badSignature',
  'otherRequest',
] as const
export type ValidationFailure = (typeof validationFailures)[number]

export type ReadAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly cause: ValidationFailure; readonly reason: string }

/** Whether an answer says that the vendor validates what was asked. */
export function readAnswer(
  answer: FetchAnswer,
  request: ValidationRequest,
  publicKeyPem: string,
): ReadAnswer {
  const { status } = answer
  let value: unknown
  try {
    value = JSON.parse(answer.body)
  } catch {
    return { ok: false, cause: 'badAnswer', reason: `status ${status}, no JSON` }
  }
  if (status !== 200) {
    const code = refusalOf(value)
    if (status === 403 && code !== undefined) return { ok: false, cause: 'refused', reason: code }
    return { ok: false, cause: 'badAnswer', reason: `status ${status}` }
  }
  const verified = verifyValidation(value, publicKeyPem)
  if (!verified.ok) {
    const { cause, detail } = verified
    return { ok: false, cause: cause === 'invalid' ? 'badAnswer' : 'badSignature', reason: detail.field }
  }
  for (const field of ['installationId', 'serial', 'nonce'] as const) {
    if (verified.body[field] !== request[field]) return { ok: false, cause: 'otherRequest', reason: field }
  }
  return { ok: true }
}

/** The vendor's code for why not; what does not look like one is not repeated in a log. */
function refusalOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('error' in value)) return undefined
  const { error } = value
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' && /^[A-Za-z]{1,40}$/.test(error.code) ? error.code : undefined
}
