/** What the program's exit code says. Documented in every `--help`; scripts may rely on them. */
export const exitCodes = {
  /** Done. */
  ok: 0,
  /** The cluster refused: held by someone else, late confirmation, not found, not healthy. */
  refused: 1,
  /** The command line or a configuration is wrong; nothing was done. */
  usage: 2,
  /** No leader, or no node answered. */
  unreachable: 3,
  /** The time allowed has passed. */
  timeout: 4,
  /** Data on disk is damaged. */
  damaged: 5,
  /** A defect of this program. */
  internal: 6,
  /** `lock run` only: the lock was lost while the command ran; the command was ended. */
  lockLost: 7,
  /** `lock run` only: the command cannot be executed, or does not exist (as shells have it). */
  notExecutable: 126,
  notFound: 127,
} as const

/** Base for a command that a signal ended: 128 + the signal's number, as shells have it. */
export const SIGNAL_EXIT_BASE = 128

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

const byErrorCode: Readonly<Record<string, ExitCode>> = {
  // the wait is over, or no answer came in time
  timeout: exitCodes.timeout,
  deadline: exitCodes.timeout,
  transferFailed: exitCodes.timeout,
  DEV_NOT_READY: exitCodes.timeout,
  // nobody there
  noLeader: exitCodes.unreachable,
  notLeader: exitCodes.unreachable,
  unreachable: exitCodes.unreachable,
  busy: exitCodes.unreachable,
  draining: exitCodes.unreachable,
  unsupportedVersion: exitCodes.unreachable,
  helloDenied: exitCodes.refused,
  uncertain: exitCodes.unreachable,
  outcomeUnknown: exitCodes.unreachable,
  closed: exitCodes.unreachable,
  // asked wrongly
  malformed: exitCodes.usage,
  invalid: exitCodes.usage,
  badReason: exitCodes.usage,
  unknownOperation: exitCodes.usage,
  CONFIG_INVALID: exitCodes.usage,
  INSECURE_LISTENER: exitCodes.usage,
  LISTEN_FAILED: exitCodes.usage,
  WRONG_CLUSTER: exitCodes.usage,
  WRONG_NODE: exitCodes.usage,
  LOCKED: exitCodes.usage,
  USAGE: exitCodes.usage,
  CERT_EXISTS: exitCodes.usage,
  CERT_UNUSABLE: exitCodes.usage,
  DEV_DIRECTORY_IN_USE: exitCodes.usage,
  DEV_DIRECTORY_FOREIGN: exitCodes.usage,
  DEV_DIRECTORY_UNREADABLE: exitCodes.usage,
  DEV_MEMBERS_DIFFER: exitCodes.usage,
  DEV_PORTS_DIFFER: exitCodes.usage,
  DEV_MEMBER_UNKNOWN: exitCodes.usage,
  DEV_PORT_IN_USE: exitCodes.usage,
  // disk
  LOG_DAMAGED: exitCodes.damaged,
  LOG_SHORT: exitCodes.damaged,
  LEDGER_DAMAGED: exitCodes.damaged,
  LEDGER_BEHIND: exitCodes.damaged,
  SUPERBLOCK_DAMAGED: exitCodes.damaged,
  UNKNOWN_VERSION: exitCodes.damaged,
  SNAPSHOT_DAMAGED: exitCodes.damaged,
  LEDGERS_DIFFER: exitCodes.damaged,
  ENTRY_UNREADABLE: exitCodes.damaged,
  STORAGE_FAILED: exitCodes.damaged,
  LOG_FAILED: exitCodes.damaged,
  LEDGER_FAILED: exitCodes.damaged,
  DISK_FULL: exitCodes.damaged,
  // this program
  badAnswer: exitCodes.internal,
  INTERNAL: exitCodes.internal,
}

/** The exit code for an error's stable code; `refusal`: whatever else the cluster or this program refuses. */
export function exitCodeFor(code: string | undefined, refusal: boolean): ExitCode {
  const known = code === undefined ? undefined : byErrorCode[code]
  return known ?? (refusal ? exitCodes.refused : exitCodes.internal)
}
