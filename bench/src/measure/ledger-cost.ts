import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { limits } from './limits.ts'

/** What licenses cost in the ledger alone: one process, no wire, no log. Best of several rounds. */
export interface LedgerCost {
  readonly unitsInUse: number
  readonly checkoutCheckinNs: number
  readonly lockPairNs: number
  /** Heap of one unit in use, with its grant and its consumer. */
  readonly bytesPerUnit: number
}

const MAIN = fileURLToPath(new URL('./ledger-cost-main.js', import.meta.url))

export const costUnits = [100, 10_000, 1_000_000] as const
export const quickCostUnits = [100, 100_000] as const

/** Measures in a process of its own, so that no other memory is counted. */
export function measureLedgerCost(unitsInUse: number, signal?: AbortSignal): Promise<LedgerCost> {
  return new Promise((resolve, reject) => {
    const child = fork(MAIN, [String(unitsInUse)], {
      execArgv: ['--expose-gc', '--max-old-space-size=6144'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      timeout: limits.ledgerCostTimeoutMs,
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { signal }),
    })
    child.on('message', (cost: LedgerCost) => resolve(cost))
    child.on('error', reject)
    child.on('exit', (code, signal) =>
      reject(new Error(`the process that measures ${unitsInUse} units ended (${signal ?? code})`)),
    )
  })
}
