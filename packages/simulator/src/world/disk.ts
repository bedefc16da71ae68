import { type DiskCall, MemoryDisk, StorageError } from '@tranca/storage'
import type { FailedDisk } from '../check/failed-disk.ts'
import type { Random } from '../random.ts'
import type { Host } from './host.ts'

/** A process whose disk failed has ended after so long, and so long after the last call that hung. */
const stopMs = 5_000
/** A call that takes longer hangs: who ends in good order waits for it. */
const hungMs = 400

export interface DiskPace {
  /** Time of a call that changes something, from and to. */
  latencyMs: readonly [number, number]
}

/** One machine's disk: it takes its time, and does what is planned to go wrong. */
export class SimulatedDisk {
  readonly disk: MemoryDisk
  pace: DiskPace
  readonly #calm: DiskPace
  /** The process dies while it waits for this many more calls that change something. */
  crashIn = 0
  /** The next call of this kind fails, once. */
  failNext: 'write' | 'sync' | undefined
  /** A call was made to fail in this life of the process: it has to stop. */
  hasFailed = false
  /** When the last call that hung ends or ended, by the machine's clock. */
  #hungUntilMs = 0
  readonly #host: Host
  readonly #random: Random
  readonly #onCrash: () => void
  readonly #failures: FailedDisk

  constructor(options: {
    host: Host
    random: Random
    pace: DiskPace
    onCrash: () => void
    failures: FailedDisk
  }) {
    this.#host = options.host
    this.#random = options.random
    this.#calm = options.pace
    this.pace = options.pace
    this.#onCrash = options.onCrash
    this.#failures = options.failures
    this.disk = new MemoryDisk({
      random: () => this.#random.fraction(),
      schedule: (call, finish) => this.#schedule(call, finish),
      before: (call) => this.#before(call),
    })
  }

  /** Calls may fail, by what is planned. */
  get mayRefuse(): boolean {
    return this.hasFailed || this.disk.capacity < Number.POSITIVE_INFINITY
  }

  calm(): void {
    this.pace = this.#calm
  }

  /** Everything works, as after a repair. */
  heal(): void {
    this.calm()
    this.crashIn = 0
    this.failNext = undefined
    this.disk.capacity = Number.POSITIVE_INFINITY
  }

  #schedule(call: DiskCall, finish: () => void): void {
    if (!call.mutates) {
      queueMicrotask(finish)
      return
    }
    if (this.crashIn > 0 && --this.crashIn === 0) {
      this.#host.soon(0, this.#onCrash)
      return
    }
    const [from, to] = this.pace.latencyMs
    const takesMs = this.#random.between(from, to)
    if (takesMs > hungMs) this.#hungUntilMs = Math.max(this.#hungUntilMs, this.#host.nowMs() + takesMs)
    this.#host.after(takesMs, finish)
  }

  #before(call: DiskCall): void {
    const { life } = this.#host
    this.#failures.called(call, life)
    if (this.failNext === undefined || call.operation !== this.failNext) return
    this.failNext = undefined
    this.hasFailed = true
    this.#failures.failed(call, life)
    this.#host.after(stopMs, () => this.#hasToBeOver(life))
    throw new StorageError('IO', `${call.path}: ${call.operation} failed`)
  }

  #hasToBeOver(life: number): void {
    const leftMs = this.#hungUntilMs + stopMs - this.#host.nowMs()
    if (leftMs > 0) this.#host.after(leftMs, () => this.#hasToBeOver(life))
    else this.#failures.stillRuns(life)
  }
}
