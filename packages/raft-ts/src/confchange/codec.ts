import { ConfChangeError } from '../errors.ts'
import { EMPTY_DATA, type Entry, type EntryType } from '../types.ts'
import type {
  ChangeType,
  ConfChange,
  ConfChangeV1,
  ConfChangeV2,
  SingleChange,
  Transition,
} from './change.ts'

/*
 * Bytes of a configuration change in an entry, as protobuf (so that logs can be read with common tools):
 *
 *   ConfChange        id = 1 varint, type = 2 varint, nodeId = 3 varint, context = 4 bytes
 *   ConfChangeV2      transition = 1 varint, changes = 2 repeated ConfChangeSingle, context = 3 bytes
 *   ConfChangeSingle  type = 1 varint, nodeId = 2 varint
 *
 * Numbers are always written, zero too; `context` only when present. Unknown fields are skipped.
 */
const changeTypes = ['addNode', 'removeNode', 'updateNode', 'addLearner'] as const satisfies ChangeType[]
const transitions = ['auto', 'implicit', 'explicit'] as const satisfies Transition[]

/** Type and data of the entry that proposes `change`. */
export function encodeConfChange(change: ConfChange): {
  readonly type: EntryType
  readonly data: Uint8Array
} {
  const writer = new Writer()
  if (change.version === 1) {
    writer.varint(1, change.id)
    writer.varint(2, changeTypes.indexOf(change.type))
    writer.varint(3, change.nodeId)
    if (change.context !== undefined) writer.bytes(4, change.context)
    return { type: 'confChange', data: writer.finish() }
  }
  writer.varint(1, transitions.indexOf(change.transition))
  for (const single of change.changes) {
    const inner = new Writer()
    inner.varint(1, changeTypes.indexOf(single.type))
    inner.varint(2, single.nodeId)
    writer.bytes(2, inner.finish())
  }
  if (change.context !== undefined) writer.bytes(3, change.context)
  return { type: 'confChangeV2', data: writer.finish() }
}

/**
 * Reads the change out of a committed entry. An empty `confChangeV2` leaves a joint configuration.
 * @throws ConfChangeError when the entry is of another type or its bytes are damaged.
 */
export function decodeConfChange(entry: Pick<Entry, 'type' | 'data'>): ConfChange {
  switch (entry.type) {
    case 'confChange':
      return decodeV1(entry.data)
    case 'confChangeV2':
      return decodeV2(entry.data)
    case 'normal':
      throw new ConfChangeError('entry of type normal holds no configuration change')
    default:
      return entry.type satisfies never
  }
}

function decodeV1(data: Uint8Array): ConfChangeV1 {
  const reader = new Reader(data)
  let id = 0
  let type: ChangeType = 'addNode'
  let nodeId = 0
  let context: Uint8Array | undefined
  while (reader.next()) {
    if (reader.field === 1) id = reader.number()
    else if (reader.field === 2) type = named(changeTypes, reader.number(), 'type')
    else if (reader.field === 3) nodeId = reader.number()
    else if (reader.field === 4) context = reader.bytes()
  }
  return { version: 1, id, type, nodeId, context }
}

function decodeV2(data: Uint8Array): ConfChangeV2 {
  const reader = new Reader(data)
  let transition: Transition = 'auto'
  const changes: SingleChange[] = []
  let context: Uint8Array | undefined
  while (reader.next()) {
    if (reader.field === 1) transition = named(transitions, reader.number(), 'transition')
    else if (reader.field === 2) changes.push(decodeSingle(reader.bytes()))
    else if (reader.field === 3) context = reader.bytes()
  }
  return { version: 2, transition, changes, context }
}

function decodeSingle(data: Uint8Array): SingleChange {
  const reader = new Reader(data)
  let type: ChangeType = 'addNode'
  let nodeId = 0
  while (reader.next()) {
    if (reader.field === 1) type = named(changeTypes, reader.number(), 'type')
    else if (reader.field === 2) nodeId = reader.number()
  }
  return { type, nodeId }
}

function named<T>(names: readonly T[], value: number, what: string): T {
  const name = names[value]
  if (name === undefined) throw new ConfChangeError(`${what} is ${value}, expected 0..${names.length - 1}`)
  return name
}

class Writer {
  readonly #out: number[] = []

  varint(field: number, value: number): void {
    this.#out.push(field << 3)
    this.#raw(value)
  }

  bytes(field: number, value: Uint8Array): void {
    this.#out.push((field << 3) | 2)
    this.#raw(value.length)
    for (const byte of value) this.#out.push(byte)
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#out)
  }

  #raw(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.#out.push((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.#out.push(rest)
  }
}

/** Walks fields; `next` loads one, `number` and `bytes` give its value. */
class Reader {
  readonly #data: Uint8Array
  #at = 0
  field = 0
  #number: number | undefined
  #bytes: Uint8Array | undefined

  constructor(data: Uint8Array) {
    this.#data = data
  }

  next(): boolean {
    if (this.#at === this.#data.length) return false
    const tag = this.#varint()
    this.field = Math.floor(tag / 8)
    this.#number = undefined
    this.#bytes = undefined
    const wire = tag % 8
    if (wire === 0) this.#number = this.#varint()
    else if (wire === 2) this.#bytes = this.#take(this.#varint())
    else if (wire === 1) this.#take(8)
    else if (wire === 5) this.#take(4)
    else throw new ConfChangeError(`wire type is ${wire} at byte ${this.#at}, expected 0, 1, 2 or 5`)
    return true
  }

  number(): number {
    if (this.#number === undefined) throw new ConfChangeError(`field ${this.field} is not a number`)
    return this.#number
  }

  bytes(): Uint8Array {
    return this.#bytes ?? EMPTY_DATA
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#data.length)
      throw new ConfChangeError(`${length} bytes wanted at byte ${this.#at} of ${this.#data.length}`)
    const taken = this.#data.slice(this.#at, end)
    this.#at = end
    return taken
  }

  #varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.#data[this.#at++]
      if (byte === undefined) throw new ConfChangeError(`number cut off at byte ${this.#data.length}`)
      value += (byte & 0x7f) * scale
      if (value > Number.MAX_SAFE_INTEGER) throw new ConfChangeError('number exceeds 53 bits')
      if (byte < 0x80) return value
      scale *= 0x80
    }
  }
}
