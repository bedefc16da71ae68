import type { Entry } from './types.ts'

/**
 * Sizes for flow control. An entry is counted as its protobuf encoding (type = 1, term = 2, index = 3,
 * data = 4), whatever the caller's wire is, so that limits mean the same in every implementation that
 * speaks Raft this way.
 */
export function entrySize(entry: Entry): number {
  const bytes = entry.data.length
  const header = 4 + varintSize(entry.term) + varintSize(entry.index)
  return bytes === 0 ? header : header + 1 + varintSize(bytes) + bytes
}

export function entriesSize(entries: readonly Entry[]): number {
  let size = 0
  for (let i = 0; i < entries.length; i++) size += entrySize(entries[i]!)
  return size
}

/** Bytes of application data only. */
export function payloadSize(entries: readonly Entry[]): number {
  let size = 0
  for (let i = 0; i < entries.length; i++) size += entries[i]!.data.length
  return size
}

/** How many leading entries fit into `sizeMax`. At least one, so that a large entry can travel at all. */
function countWithin(entries: readonly Entry[], sizeMax: number): number {
  if (entries.length === 0 || sizeMax === Number.POSITIVE_INFINITY) return entries.length
  let size = entrySize(entries[0]!)
  let count = 1
  while (count < entries.length) {
    size += entrySize(entries[count]!)
    if (size > sizeMax) break
    count++
  }
  return count
}

/** The longest prefix within `sizeMax`, never empty; the same array when all fit. */
export function limitSize(entries: readonly Entry[], sizeMax: number): readonly Entry[] {
  const count = countWithin(entries, sizeMax)
  return count === entries.length ? entries : entries.slice(0, count)
}

/** Bytes of a protobuf varint. Division instead of shifts: ids and indexes may exceed 32 bits. */
function varintSize(value: number): number {
  let size = 1
  let rest = value
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80)
    size++
  }
  return size
}
