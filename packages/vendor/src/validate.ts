import { type Validation, type ValidationRequest, validityAt } from '@tranca/license-key'
import { findInstallation, type Register } from './register.ts'

/**
 * Why an installation is not validated:
 * - `unknownInstallation`, `unknownSerial`: the register has no such license;
 * - `revoked`: with the reason that was given;
 * - `ended`: the license issued last is over.
 */
export type ValidationRefusalCode = 'unknownInstallation' | 'unknownSerial' | 'revoked' | 'ended'

export type Validated =
  | { readonly ok: true; readonly body: Validation }
  | { readonly ok: false; readonly code: ValidationRefusalCode; readonly reason: string }

/** An online validation. A key that was renewed is good until the new one is installed. */
export function validate(register: Register, request: ValidationRequest, nowMs: number): Validated {
  const { installationId, serial, nonce } = request
  const found = findInstallation(register, installationId)
  if (found === undefined) {
    return { ok: false, code: 'unknownInstallation', reason: `no installation ${installationId}` }
  }
  if (!found.issues.some((issue) => issue.serial === serial)) {
    const reason = `${installationId} was given no license with serial ${serial}`
    return { ok: false, code: 'unknownSerial', reason }
  }
  if (found.revoked !== undefined) return { ok: false, code: 'revoked', reason: found.revoked.reason }
  if (validityAt(found.license, nowMs).state === 'expired') {
    return { ok: false, code: 'ended', reason: `the last license ended on ${found.license.validUntil}` }
  }
  const validatedAt = new Date(nowMs).toISOString()
  return { ok: true, body: { format: 1, kind: 'validation', installationId, serial, nonce, validatedAt } }
}
