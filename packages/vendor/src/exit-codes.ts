import type { VendorErrorCode } from './errors.ts'

/** What the exit code says. Documented in every `--help`; scripts may rely on them. */
export const exitCodes = {
  ok: 0,
  refused: 1,
  usage: 2,
  file: 3,
  busy: 4,
  damaged: 5,
  internal: 6,
  listen: 7,
} as const

export type ExitName = keyof typeof exitCodes

export const exitTexts: Readonly<Record<ExitName, string>> = {
  ok: 'done',
  refused: 'refused: quota used up, more than contracted, not in the register',
  usage: 'the command line, the catalog, the order or the plan is wrong; nothing was done',
  file: 'a file is missing, cannot be read or written, exists already, or is open to others',
  busy: 'another process works on the register',
  damaged: 'the register is damaged; nothing was done',
  internal: 'a defect of this program',
  listen: 'the address or port cannot be listened on',
}

export const exitCodeOf: Readonly<Record<VendorErrorCode, number>> = {
  USAGE: exitCodes.usage,
  INPUT_INVALID: exitCodes.usage,
  REFUSED: exitCodes.refused,
  FILE_MISSING: exitCodes.file,
  FILE_UNREADABLE: exitCodes.file,
  FILE_UNWRITABLE: exitCodes.file,
  FILE_EXISTS: exitCodes.file,
  FILE_TOO_LARGE: exitCodes.file,
  PRIVATE_KEY_EXPOSED: exitCodes.file,
  PRIVATE_KEY_INVALID: exitCodes.file,
  REGISTER_BUSY: exitCodes.busy,
  REGISTER_DAMAGED: exitCodes.damaged,
  LISTEN_FAILED: exitCodes.listen,
}
