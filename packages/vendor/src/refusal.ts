/**
 * Why the desk does not do what it was asked:
 * - `quotaExceeded`: five emergency keys within three rolling months;
 * - `contractExceeded`: installations would hold more than was contracted;
 * - `unknownInstallation`, `otherCustomer`, `otherContract`: the register knows better;
 * - `periodPast`: the key would be over already, or end before the one it follows;
 * - `cloneKnown`, `noHardlock`: clones are of a hardlock, and registered once.
 */
export type RefusalCode =
  | 'quotaExceeded'
  | 'contractExceeded'
  | 'unknownInstallation'
  | 'otherCustomer'
  | 'otherContract'
  | 'periodPast'
  | 'cloneKnown'
  | 'noHardlock'

export interface Refusal {
  readonly ok: false
  readonly code: RefusalCode
  readonly field: string
  readonly value: string
  readonly expected: string
}

export function refuse(code: RefusalCode, at: Omit<Refusal, 'ok' | 'code'>): Refusal {
  return { ok: false, code, ...at }
}

export function unknownInstallation(installationId: string): Refusal {
  return refuse('unknownInstallation', {
    field: 'installation',
    value: installationId,
    expected: 'an installation of the register',
  })
}
