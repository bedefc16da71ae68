const CAPACITY_MIN = 8

/**
 * Values by their `id`: open addressing over one array. Ids are scattered over it, for they often come as one
 * long run, behind which a newcomer would have to look for the end. A Map would do, but one with a single entry
 * that comes and goes rebuilds its table every few requests and leaves the old ones to the collector.
 */
export class IdMap<V extends { readonly id: number }> {
  size = 0
  #slots: (V | undefined)[] = []

  get(id: number): V | undefined {
    const slots = this.#slots
    if (this.size === 0) return undefined
    const mask = slots.length - 1
    for (let at = scattered(id) & mask; ; at = (at + 1) & mask) {
      const value = slots[at]
      if (value === undefined || value.id === id) return value
    }
  }

  has(id: number): boolean {
    return this.get(id) !== undefined
  }

  /** The id must be new. */
  add(value: V): void {
    if (this.size * 2 >= this.#slots.length) this.#grow()
    this.size += 1
    this.#place(value)
  }

  delete(id: number): void {
    const slots = this.#slots
    if (this.size === 0) return
    const mask = slots.length - 1
    let at = scattered(id) & mask
    while (slots[at] !== undefined && slots[at]!.id !== id) at = (at + 1) & mask
    if (slots[at] === undefined) return
    this.size -= 1
    // Values behind the hole move up if it lies between their own place and where they stand.
    let hole = at
    for (let next = (at + 1) & mask; slots[next] !== undefined; next = (next + 1) & mask) {
      const home = scattered(slots[next]!.id) & mask
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      slots[hole] = slots[next]
      hole = next
    }
    slots[hole] = undefined
    if (this.size === 0 && slots.length > CAPACITY_MIN) this.#slots = []
  }

  /** In no meaningful order. */
  values(): V[] {
    return this.#slots.filter((value) => value !== undefined)
  }

  #grow(): void {
    const before = this.values()
    this.#slots = new Array(Math.max(CAPACITY_MIN, this.#slots.length * 2)).fill(undefined)
    for (const value of before) this.#place(value)
  }

  #place(value: V): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let at = scattered(value.id) & mask
    while (slots[at] !== undefined) at = (at + 1) & mask
    slots[at] = value
  }
}

/** Fibonacci hashing (Knuth, The Art of Computer Programming 6.4); the high bits come down, where the mask looks. */
function scattered(id: number): number {
  const product = Math.imul(id, 0x9e3779b1)
  return product ^ (product >>> 15)
}
