/**
 * A small generator of pseudo-random numbers (splitmix32): the same seed gives the same choices on every
 * machine. Not for secrets.
 */
export class Random {
  #state: number

  /** @param seed any whole number; its low 32 bits count */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 .. 2^32 - 1 */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor((this.next() / 2 ** 32) * (max - min + 1))
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.next() < (percent / 100) * 2 ** 32
  }

  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from')
    return items[this.between(0, items.length - 1)] as T
  }

  /** Some of the items, each at most once, in random order. */
  sample<T>(items: readonly T[], count: number): T[] {
    const left = [...items]
    const taken: T[] = []
    while (taken.length < count && left.length > 0) {
      taken.push(...left.splice(this.between(0, left.length - 1), 1))
    }
    return taken
  }

  /** One of the names, by weight. */
  weighted(weights: ReadonlyMap<string, number>): string {
    let total = 0
    for (const weight of weights.values()) total += weight
    let point = (this.next() / 2 ** 32) * total
    let last = ''
    for (const [name, weight] of weights) {
      last = name
      point -= weight
      if (point < 0) break
    }
    return last
  }

  /** A generator of its own, so that what one task draws does not shift the next one's choices. */
  fork(): Random {
    return new Random(this.next())
  }
}
