import { CLONES_MAX, type Clone, checkClone, type Day } from '@tranca/license-key'
import { FieldError } from '@tranca/license-key/shape'
import { type Refusal, refuse, unknownInstallation } from './refusal.ts'
import { findInstallation, type Register, withInstallation } from './register.ts'

export interface CloneRequest {
  readonly register: Register
  readonly installationId: string
  /** Serial of the cloned device. */
  readonly serial: string
  /** Reference of the signed term of responsibility. */
  readonly term: string
  readonly signedBy: string
  readonly signedOn: Day
  readonly nowMs: number
}

export interface CloneRegistered {
  readonly ok: true
  readonly register: Register
  readonly clone: Clone
}

/** Records a clone of the installation's hardlock: the next license that is issued carries it. */
export function registerClone(request: CloneRequest): CloneRegistered | Refusal {
  const { register, installationId, serial, term, signedBy, signedOn, nowMs } = request
  const found = findInstallation(register, installationId)
  if (found === undefined) return unknownInstallation(installationId)
  if (found.license.hardlockId === undefined) {
    return refuse('noHardlock', {
      field: 'hardlockId',
      value: 'absent',
      expected: `a hardlock in the license of ${installationId}: a clone is one of it`,
    })
  }
  if (found.clones.some((clone) => clone.serial === serial) || found.license.hardlockId === serial) {
    return refuse('cloneKnown', {
      field: 'serial',
      value: serial,
      expected: `a device that ${installationId} does not have yet`,
    })
  }
  if (found.clones.length === CLONES_MAX) {
    throw new FieldError('clones', found.clones.length, `fewer than ${CLONES_MAX}`)
  }
  const registeredAt = new Date(nowMs).toISOString()
  const clone = checkClone({ serial, term, signedBy, signedOn, registeredAt }, '')
  const clones = [...found.clones, clone]
  return { ok: true, register: withInstallation(register, { ...found, clones }), clone }
}
