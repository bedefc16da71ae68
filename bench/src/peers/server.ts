import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { PeerError } from './errors.ts'
import { limits } from './limits.ts'

/** One process of a peer. What it prints goes to a file. */
export class PeerServer {
  readonly name: string
  readonly #logFile: string
  readonly #child: ChildProcess
  readonly #gone: Promise<void>
  #end: string | undefined

  constructor(options: {
    readonly name: string
    readonly command: readonly string[]
    readonly directory: string
    readonly logFile: string
  }) {
    const [program, ...args] = options.command
    this.name = options.name
    this.#logFile = options.logFile
    const log = openSync(options.logFile, 'a')
    // A group of its own: Ctrl-C goes to the benchmark, which ends its peers in order.
    this.#child = spawn(program!, args, {
      cwd: options.directory,
      stdio: ['ignore', log, log],
      detached: true,
    })
    closeSync(log)
    this.#gone = new Promise((resolve) => {
      const end = (words: string): void => {
        this.#end = words
        resolve()
      }
      this.#child.once('error', (error) => end(error.message))
      this.#child.once('exit', (code, signal) => end(`ended (${signal ?? code})`))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Waits until `isReady` says so. @throws PeerError if the process ends before, or time is up */
  async whenReady(isReady: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    const untilMs = performance.now() + limits.startTimeoutMs
    while (!(await isReady())) {
      signal.throwIfAborted()
      if (this.#end !== undefined) throw new PeerError(`${this.name} ${this.#end}: ${this.#words()}`)
      if (performance.now() > untilMs) {
        throw new PeerError(`${this.name} not ready in ${limits.startTimeoutMs} ms: ${this.#words()}`)
      }
      await delay(limits.pollMs)
    }
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    if (this.#end === undefined) this.#child.kill('SIGKILL')
    await this.#gone
  }

  #words(): string {
    return readFileSync(this.#logFile, 'utf8').slice(-limits.wordsMax).trim()
  }
}
