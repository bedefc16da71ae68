/** Milliseconds. */
export interface Quantiles {
  readonly count: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
}

/** A histogram as it goes from process to process. */
export interface HistogramData {
  readonly counts: Uint32Array
  readonly sumUs: number
  readonly maxUs: number
}

const SUB_BITS = 7
const SUB = 1 << SUB_BITS
const VALUE_MAX_US = 0x7fff_ffff
const BUCKETS = (31 - SUB_BITS) * SUB + SUB

/**
 * Times in microseconds, in buckets that are exact below 256 us and at most 1/128 wide beyond: a run of any
 * length takes the same memory, and the histograms of several processes add up to one.
 */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS)
  #count = 0
  #sumUs = 0
  #maxUs = 0

  get count(): number {
    return this.#count
  }

  record(ms: number): void {
    const us = Math.min(VALUE_MAX_US, Math.max(0, Math.round(ms * 1_000)))
    this.#counts[bucketOf(us)]!++
    this.#count++
    this.#sumUs += us
    if (us > this.#maxUs) this.#maxUs = us
  }

  add(data: HistogramData): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = data.counts[bucket] ?? 0
      this.#counts[bucket]! += count
      this.#count += count
    }
    this.#sumUs += data.sumUs
    this.#maxUs = Math.max(this.#maxUs, data.maxUs)
  }

  data(): HistogramData {
    return { counts: this.#counts, sumUs: this.#sumUs, maxUs: this.#maxUs }
  }

  /** NaN for times of which there are none. */
  quantiles(): Quantiles {
    return {
      count: this.#count,
      meanMs: this.#count === 0 ? Number.NaN : this.#sumUs / this.#count / 1_000,
      p50Ms: this.#quantileMs(0.5),
      p99Ms: this.#quantileMs(0.99),
      p999Ms: this.#quantileMs(0.999),
      maxMs: this.#count === 0 ? Number.NaN : this.#maxUs / 1_000,
    }
  }

  #quantileMs(share: number): number {
    if (this.#count === 0) return Number.NaN
    let left = Math.max(1, Math.ceil(share * this.#count))
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket]!
      if (left <= 0) return Math.min(middleOf(bucket), this.#maxUs) / 1_000
    }
    return this.#maxUs / 1_000
  }
}

function bucketOf(us: number): number {
  const shift = Math.max(0, 31 - Math.clz32(us) - SUB_BITS)
  return shift * SUB + (us >>> shift)
}

function middleOf(bucket: number): number {
  const shift = Math.max(0, (bucket >>> SUB_BITS) - 1)
  return (bucket - shift * SUB) * 2 ** shift + (2 ** shift - 1) / 2
}
