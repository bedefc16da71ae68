import type { Progress } from '../workload/run.ts'
import { whole } from './text.ts'

/** Where the display goes: `process.stdout` fits. */
export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const terminalEveryMs = 200
const plainEveryMs = 3_000
const barWidth = 24

/**
 * Shows a run while it goes on: on a terminal one line that is rewritten, with events above it; elsewhere a
 * plain line now and then.
 */
export class Display {
  readonly #screen: Screen
  readonly #terminal: boolean
  readonly #startedMs = performance.now()
  #progress: (() => Progress) | undefined
  #nameOf: (address: string) => string = (address) => address
  #timer: NodeJS.Timeout | undefined
  #lastAnswered = 0
  #lastMs = 0
  #shown = false

  constructor(screen: Screen) {
    this.#screen = screen
    this.#terminal = screen.isTTY === true
  }

  /** @param nameOf turns a leader's address into its name */
  start(progress: () => Progress, nameOf: (address: string) => string): void {
    this.#progress = progress
    this.#nameOf = nameOf
    this.#lastMs = performance.now()
    this.#timer = setInterval(() => this.#show(), this.#terminal ? terminalEveryMs : plainEveryMs)
  }

  stop(): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#show()
    if (this.#shown && this.#terminal) this.#screen.write('\n')
    this.#shown = false
  }

  /** Something that happened: stays on the screen. */
  event(text: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1).padStart(6)
    this.#clear()
    this.#screen.write(`${seconds} s  ${text}\n`)
    if (this.#terminal && this.#timer !== undefined) this.#show()
  }

  line(text = ''): void {
    this.#clear()
    this.#screen.write(`${text}\n`)
  }

  #clear(): void {
    if (!this.#terminal || !this.#shown) return
    this.#screen.write('\r\u001b[2K')
    this.#shown = false
  }

  #show(): void {
    const progress = this.#progress?.()
    if (progress === undefined) return
    const now = performance.now()
    const perSecond = ((progress.answered - this.#lastAnswered) * 1000) / Math.max(1, now - this.#lastMs)
    this.#lastAnswered = progress.answered
    this.#lastMs = now
    const share = progress.tasksTotal === 0 ? 1 : progress.tasks / progress.tasksTotal
    const parts = [
      `${Math.floor(share * 100)} %`.padStart(5),
      progress.phase,
      `${whole(perSecond)} operations/s`,
      `${whole(progress.answered)} answered`,
      `leader ${progress.leader === undefined ? 'unknown' : this.#nameOf(progress.leader)}`,
    ]
    if (!this.#terminal) {
      const seconds = ((now - this.#startedMs) / 1000).toFixed(1).padStart(6)
      this.#screen.write(`${seconds} s  ${parts.join('  ').trimStart()}\n`)
      return
    }
    const filled = Math.floor(share * barWidth)
    const bar = `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}]`
    const text = `${bar} ${parts.join('  ')}`.slice(0, (this.#screen.columns ?? 100) - 1)
    this.#screen.write(`\r\u001b[2K${text}`)
    this.#shown = true
  }
}
