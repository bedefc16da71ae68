/** Numbers from a seed (sfc32): the same on every run and every machine. */
export class Random {
  #a: number
  #b: number
  #c: number
  #count = 1

  constructor(seed: number) {
    this.#a = seed >>> 0
    this.#b = Math.floor(seed / 0x1_0000_0000) >>> 0
    this.#c = 0x9e37_79b9
    for (let i = 0; i < 12; i++) this.#next()
  }

  /** 0 <= x < 1 */
  fraction(): number {
    return this.#next() / 0x1_0000_0000
  }

  /** An integer in 0..n-1. */
  below(n: number): number {
    return Math.floor(this.fraction() * n)
  }

  between(from: number, to: number): number {
    return from + this.fraction() * (to - from)
  }

  /** An integer in from..to, both included. */
  integer(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  /** Times between events that happen on average every `mean`. */
  exponential(mean: number): number {
    return -Math.log(1 - this.fraction()) * mean
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256))
  }

  /** Another stream: what one part draws does not move what another part draws. */
  fork(): Random {
    return new Random(this.#next() * 0x10_0000 + (this.#next() & 0xf_ffff))
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#count++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }
}
