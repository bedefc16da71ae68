/** One key of the replicated state: a short string and a plain, msgpack-able value. */
export interface RowEntry {
  readonly key: string
  readonly value: unknown
}

/** A row changed since the last checkpoint; `value: undefined` = it is gone. */
export type Change = RowEntry

/** Something of the ledger that is stored as one row. */
export interface Row {
  /** Place in the list of changed rows, -1 when unchanged. */
  dirtyAt: number
  /** A checkpoint has it, so its end must be told. */
  stored: boolean
  gone: boolean
  rowKey(): string
  /** Freshly built: nobody else changes it. */
  rowValue(): unknown
}

/**
 * Which rows changed since the last take. Marking costs one compare, or one push; a row that came and
 * went in between leaves nothing behind, so the list is bounded by what is stored and what lives.
 */
export class Rows {
  readonly #dirty: Row[] = []

  /** Call on every change of a live row. */
  mark(row: Row): void {
    if (row.dirtyAt >= 0) return
    row.dirtyAt = this.#dirty.length
    this.#dirty.push(row)
  }

  /** Call once, when the thing ends. */
  remove(row: Row): void {
    row.gone = true
    if (row.stored) {
      this.mark(row)
      return
    }
    if (row.dirtyAt < 0) return
    const last = this.#dirty.pop()!
    if (last !== row) {
      last.dirtyAt = row.dirtyAt
      this.#dirty[row.dirtyAt] = last
    }
    row.dirtyAt = -1
  }

  /** How many rows {@link take} will look at. */
  get changed(): number {
    return this.#dirty.length
  }

  /** The changes since the last take, one for each key, in no meaningful order. */
  take(): Change[] {
    const ended = new Set<string>()
    for (const row of this.#dirty) if (row.gone) ended.add(row.rowKey())
    const changes: Change[] = []
    for (const row of this.#dirty) {
      row.dirtyAt = -1
      if (row.gone) continue
      row.stored = true
      const key = row.rowKey()
      // A name may have ended and begun again: its new row replaces the old one's end.
      if (ended.size > 0) ended.delete(key)
      changes.push({ key, value: row.rowValue() })
    }
    for (const key of ended) changes.push({ key, value: undefined })
    this.#dirty.length = 0
    return changes
  }
}
