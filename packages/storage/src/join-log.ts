import { StorageRefusal } from './errors.ts'
import type { SuperblockState } from './superblock.ts'
import type { LedgerMeta } from './types.ts'
import type { LogState } from './wal/read-log.ts'

/** Checks that log and ledger belong together. True when a snapshot's installation has to be finished. */
export function joinLog(
  log: LogState,
  superblock: SuperblockState,
  ledger: LedgerMeta,
  logPath: string,
  ledgerPath: string,
): boolean {
  const { tail } = log
  const { baseIndex, baseTerm } = superblock.ledger
  if (ledger.index < baseIndex) {
    throw new StorageRefusal(
      'LEDGER_BEHIND',
      `the ledger is at index ${ledger.index}, but was made from a snapshot at ${baseIndex}`,
      { file: ledgerPath },
    )
  }
  const replaced = tail.base.index <= baseIndex && tail.term(baseIndex) !== baseTerm
  if (replaced && ledger.index === baseIndex) return true
  if (tail.base.index > ledger.index) {
    throw new StorageRefusal(
      'LEDGER_BEHIND',
      `the ledger is at index ${ledger.index}, but the log begins after ${tail.base.index}: entries between are missing`,
      { file: ledgerPath },
    )
  }
  if (tail.last.index < ledger.index || replaced) {
    throw new StorageRefusal(
      'LOG_SHORT',
      `the log ends at index ${tail.last.index}, but the ledger is at ${ledger.index}`,
      { file: logPath },
    )
  }
  if (tail.term(ledger.index) !== ledger.term) {
    throw new StorageRefusal(
      'LOG_DAMAGED',
      `entry ${ledger.index} is of term ${tail.term(ledger.index)} in the log and of term ${ledger.term} in the ledger`,
      { file: logPath },
    )
  }
  return false
}
