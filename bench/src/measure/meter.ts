import { Histogram } from './histogram.ts'
import type { LoadReport } from './job.ts'

interface Recording {
  readonly startedMs: number
  readonly cpu: NodeJS.CpuUsage
  readonly operations: Histogram
  readonly steps: readonly Histogram[]
}

/** Counts what ends while it records. Times are milliseconds of this process's clock. */
export class Meter {
  readonly #steps: readonly string[]
  #recording: Recording | undefined

  /** @param steps names of the requests of which an operation consists */
  constructor(steps: readonly string[]) {
    this.#steps = steps
  }

  now(): number {
    return performance.now()
  }

  /** A request of an operation has been answered. */
  step(number: number, sinceMs: number): void {
    this.#recording?.steps[number]?.record(performance.now() - sinceMs)
  }

  /** A whole operation is done. */
  operation(sinceMs: number): void {
    this.#recording?.operations.record(performance.now() - sinceMs)
  }

  record(): void {
    this.#recording = {
      startedMs: performance.now(),
      cpu: process.cpuUsage(),
      operations: new Histogram(),
      steps: this.#steps.map(() => new Histogram()),
    }
  }

  stop(): LoadReport {
    const recording = this.#recording
    if (recording === undefined) throw new Error('nothing was recorded')
    const elapsedMs = performance.now() - recording.startedMs
    this.#recording = undefined
    const { user, system } = process.cpuUsage(recording.cpu)
    return {
      elapsedMs,
      operations: recording.operations.data(),
      steps: this.#steps.map((name, number) => ({ name, times: recording.steps[number]!.data() })),
      cpuSeconds: (user + system) / 1e6,
      rssBytes: process.memoryUsage.rss(),
    }
  }
}
