import { Buffer } from 'node:buffer'
import type { ClientCommand } from '@tranca/ledger'
import { decodeOperation, ProtocolError } from '@tranca/protocol'
import { NodeError } from '../../src/errors.ts'
import { decodeBatch } from '../../src/replica/batch.ts'
import { busyRows, entrySamples, restored } from './ledger-samples.ts'
import { Refused, type Target } from './target.ts'

/** The data of a log entry, as a follower and a restart read it and give it to the ledger. */
export const logEntries: Target = {
  name: 'log-entries',
  testRuns: 3_000,
  samples: async () => entrySamples,
  feed(bytes) {
    const { items, timeMs, wallMs } = decodeBatch(bytes, 7)
    const decoded = items.map((item) => ({ item, read: decodeOperation(item.bytes) }))
    const ledger = restored(busyRows)
    ledger.begin({ index: 7, term: 1, timeMs, wallMs })
    for (const { item, read } of decoded) {
      if (item.kind === 'internal' && read.kind === 'internal') ledger.applyInternal(read.operation)
      else if (item.kind === 'client' && read.kind === 'command') {
        const { session, generation } = item
        const { id, acks } = read
        const operation = read.operation as ClientCommand['operation']
        ledger.apply({ session, generation, id, acks, operation })
      } else throw new Refused()
    }
    ledger.checkInvariants()
  },
  isExpected: (error) =>
    error instanceof Refused ||
    error instanceof ProtocolError ||
    (error instanceof NodeError && error.code === 'ENTRY_UNREADABLE'),
}

/**
 * Rows of a snapshot whose checksums are right: the bytes say what is done to good rows, four for each change. What
 * is wrong with a row may be seen or not; to restore them must neither take long nor much memory.
 */
export const ledgerRows: Target = {
  name: 'ledger-rows',
  testRuns: 2_000,
  samples: async () =>
    Array.from({ length: 20 }, (_, at) => Buffer.from([at * 11, at * 7, at * 13, at, 3 * at, 5 * at, at, 1])),
  feed(bytes) {
    const rows: { key: string; value: unknown }[] = structuredClone([...busyRows])
    for (let at = 0; at + 4 <= Math.min(bytes.length, 64); at += 4) change(rows, bytes.subarray(at, at + 4))
    const ledger = restored(rows)
    ledger.begin({ index: 8, term: 1, timeMs: 3_000, wallMs: 0 })
    ledger.checkInvariants()
  },
  isExpected: (error) => error instanceof Error && !(error instanceof RangeError),
}

/** Values that fields of rows do not have. */
const odd: readonly unknown[] = [
  null,
  undefined,
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  1e300,
  Number.NaN,
  '',
  'x',
  '9'.repeat(40),
  true,
  [],
  {},
  [[], [0, '', 0]],
]

function change(rows: { key: string; value: unknown }[], [which, where, how, what]: Buffer): void {
  const at = which! % rows.length
  const row = rows[at]!
  if (how! % 16 === 0) rows.splice(at, 1)
  else if (how! % 16 === 1) rows.push({ key: `${row.key.slice(0, 2)}${what}`, value: row.value })
  else row.value = changed(row.value, where!, structuredClone(odd[what! % odd.length]))
}

/** The value with one of its parts, counted in depth, replaced. */
function changed(value: unknown, place: number, by: unknown): unknown {
  const parts: [container: Record<string, unknown>, key: string][] = []
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return
    for (const [key, inner] of Object.entries(part)) {
      parts.push([part as Record<string, unknown>, key])
      visit(inner)
    }
  }
  visit(value)
  const chosen = parts[place % Math.max(1, parts.length)]
  if (chosen === undefined) return by
  chosen[0][chosen[1]] = by
  return value
}
