import { TEXT_BYTES_MAX } from '@tranca/license-key'
import { text } from '@tranca/license-key/shape'
import { type Refusal, unknownInstallation } from './refusal.ts'
import { findInstallation, type Register, withInstallation } from './register.ts'

export interface RevokeRequest {
  readonly register: Register
  readonly installationId: string
  /** Told to the installation's nodes; undefined: it is in force again. */
  readonly reason: string | undefined
  readonly nowMs: number
}

/** An installation whose online validations are refused from now on, or no longer. */
export function revoke(request: RevokeRequest): { readonly ok: true; readonly register: Register } | Refusal {
  const { register, installationId, reason, nowMs } = request
  const found = findInstallation(register, installationId)
  if (found === undefined) return unknownInstallation(installationId)
  const { revoked: _, ...rest } = found
  if (reason === undefined) return { ok: true, register: withInstallation(register, rest) }
  const checked = text({ bytesMax: TEXT_BYTES_MAX })(reason, 'reason')
  const revoked = { reason: checked, at: new Date(nowMs).toISOString() }
  return { ok: true, register: withInstallation(register, { ...rest, revoked }) }
}
