import { fail } from '../errors.ts'
import type { Index } from '../types.ts'

const CAPACITY_FIRST = 8

/**
 * The append messages on their way to one follower: a ring of (last index, bytes), oldest first. Bounded by
 * count and by bytes; grows on demand, since most followers never use the whole window.
 *
 * Invariants: 0 <= count <= countMax; indexes ascend from the oldest to the newest; `bytes` is the sum.
 */
export class Inflights {
  readonly countMax: number
  readonly bytesMax: number
  #start = 0
  #count = 0
  #bytes = 0
  #indexes: number[] = []
  #sizes: number[] = []

  constructor(countMax: number, bytesMax: number) {
    this.countMax = countMax
    this.bytesMax = bytesMax
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  /** (Last index, bytes) of each message in flight, oldest first; allocates. */
  get messages(): readonly (readonly [Index, number])[] {
    return Array.from({ length: this.#count }, (_, i) => {
      const at = (this.#start + i) % this.#indexes.length
      return [this.#indexes[at]!, this.#sizes[at]!] as const
    })
  }

  /** No further message may be sent. The last one sent may exceed the bytes: a single one always may. */
  get full(): boolean {
    return this.#count >= this.countMax || this.#bytes >= this.bytesMax
  }

  add(index: Index, bytes: number): void {
    if (this.full) fail(`inflights: message ${index} added to a full window of ${this.#count}`)
    if (this.#count === this.#indexes.length) this.#grow()
    const at = (this.#start + this.#count) % this.#indexes.length
    this.#indexes[at] = index
    this.#sizes[at] = bytes
    this.#count++
    this.#bytes += bytes
  }

  /** Frees all messages that end at or before `index`: acknowledgments are cumulative. */
  freeUpTo(index: Index): void {
    const capacity = this.#indexes.length
    while (this.#count > 0 && this.#indexes[this.#start]! <= index) {
      this.#bytes -= this.#sizes[this.#start]!
      this.#count--
      this.#start = this.#start + 1 === capacity ? 0 : this.#start + 1
    }
  }

  reset(): void {
    this.#start = 0
    this.#count = 0
    this.#bytes = 0
  }

  #grow(): void {
    const capacity = Math.max(CAPACITY_FIRST, this.#indexes.length * 2)
    const indexes = new Array<number>(capacity).fill(0)
    const sizes = new Array<number>(capacity).fill(0)
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#start + i) % this.#indexes.length
      indexes[i] = this.#indexes[at]!
      sizes[i] = this.#sizes[at]!
    }
    this.#indexes = indexes
    this.#sizes = sizes
    this.#start = 0
  }
}
