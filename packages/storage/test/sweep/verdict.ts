import { strict as assert } from 'node:assert'
import { StorageRefusal } from '../../src/errors.ts'
import type { NodeStorage } from '../../src/node-storage.ts'
import type { Witness } from '../scenario.ts'

/** What must be true of a directory that opens. */
export interface Promised {
  readonly witness: Witness
  readonly rejoining: boolean
  /** An earlier state of the directory may open, or an empty one: only other members can tell. */
  readonly older: boolean
}

export class Tally {
  /** Opened with everything. */
  recovered = 0
  /** Opened as an earlier state, where nothing on this disk can tell. */
  older = 0
  /** Refusals by their code. */
  readonly refused: Record<string, number> = {}
  readonly failures: string[] = []

  get cases(): number {
    return this.passed + this.failures.length
  }

  get passed(): number {
    return this.recovered + this.older + Object.values(this.refused).reduce((a, b) => a + b, 0)
  }

  add(other: Pick<Tally, 'recovered' | 'older' | 'refused' | 'failures'>): void {
    this.recovered += other.recovered
    this.older += other.older
    for (const [code, count] of Object.entries(other.refused)) {
      this.refused[code] = (this.refused[code] ?? 0) + count
    }
    this.failures.push(...other.failures)
  }

  toString(): string {
    const refusals = Object.entries(this.refused).sort(([a], [b]) => (a < b ? -1 : 1))
    const refused = refusals.map(([code, count]) => `${code} ${count}`).join(', ')
    return (
      `${this.cases} cases: ${this.recovered} recovered` +
      (this.older > 0 ? `, ${this.older} older` : '') +
      (refused === '' ? '' : `, refused: ${refused}`) +
      (this.failures.length > 0 ? `, ${this.failures.length} FAILED` : '')
    )
  }
}

/** Opens, and counts it as everything, an earlier state where that may be, a plain refusal, or a failure. */
export async function judge(
  what: string,
  open: () => Promise<NodeStorage>,
  promised: Promised,
  tally: Tally,
): Promise<void> {
  let storage: NodeStorage
  try {
    storage = await open()
  } catch (error) {
    if (!(error instanceof StorageRefusal)) {
      tally.failures.push(`${what}: not a refusal: ${error instanceof Error ? error.stack : error}`)
    } else if (error.code === 'LOCKED') {
      tally.failures.push(`${what}: ${error.message}`)
    } else {
      tally.refused[error.code] = (tally.refused[error.code] ?? 0) + 1
    }
    return
  }
  try {
    if (isEverything(storage, promised)) tally.recovered++
    else tally.older++
  } catch (error) {
    tally.failures.push(`${what}: opened with less: ${error instanceof Error ? error.message : error}`)
  } finally {
    await storage.close()
  }
}

function isEverything(storage: NodeStorage, promised: Promised): boolean {
  const { witness, rejoining, older } = promised
  try {
    witness.check(storage, true)
    assert.equal(storage.rejoining, rejoining, 'the mark of a node that rejoins')
    return true
  } catch (error) {
    if (!older) throw error
  }
  if (!storage.isNew) witness.checkEarlier(storage)
  return false
}
