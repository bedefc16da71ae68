import type { OperationName } from '../record/operation.ts'

/** Kinds of operation whose silence is told apart. Each client does one kind. */
export const kinds = ['lock', 'next', 'gapless', 'read', 'license'] as const
export type Kind = (typeof kinds)[number]

export const kindTexts: Readonly<Record<Kind, string>> = {
  lock: 'lock acquire, release',
  next: 'sequence next',
  gapless: 'gapless reserve, confirm',
  read: 'linearizable read',
  license: 'license check-out, check-in',
}

const kindOfOperation: Partial<Record<OperationName, Kind>> = {
  'lock.acquire': 'lock',
  'lock.release': 'lock',
  'sequence.next': 'next',
  'sequence.reserve': 'gapless',
  'sequence.confirm': 'gapless',
  'sequence.get': 'read',
  'license.checkout': 'license',
  'license.checkin': 'license',
}

export function kindOf(op: OperationName): Kind | undefined {
  return kindOfOperation[op]
}
