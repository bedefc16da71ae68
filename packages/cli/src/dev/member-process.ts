import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const BIN = fileURLToPath(new URL('../../../bin/tranca.js', import.meta.url))

/**
 * One member's operating-system process: `tranca node start --config FILE`, its log appended to a file.
 * It has a process group of its own, so that Ctrl-C reaches only the one who stops the cluster in order;
 * and it ends when its standard input does, so that it never outlives a parent that was killed.
 */
export class MemberProcess {
  readonly pid: number
  readonly whenExited: Promise<ProcessEnd>
  readonly #child: ChildProcess
  readonly #logFile: string
  #end: ProcessEnd | undefined

  /** @param behind what the command line is put behind; it must become the member, not stay its parent */
  constructor(configFile: string, logFile: string, behind: readonly string[] = []) {
    this.#logFile = logFile
    const log = openSync(logFile, 'a')
    try {
      const own = [process.execPath, BIN, 'node', 'start', '--config', configFile, '--until-stdin-ends']
      const [program, ...args] = [...behind, ...own]
      this.#child = spawn(program!, args, { detached: true, stdio: ['pipe', log, log] })
    } finally {
      closeSync(log)
    }
    this.pid = this.#child.pid ?? -1
    // A write error of a pipe whose reader was killed is no news: the exit is.
    this.#child.stdin?.on('error', () => undefined)
    this.whenExited = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('exit', (code, signal) => {
        this.#end = { code, signal }
        resolve(this.#end)
      })
    })
    // Who waits for the exit sees the failure; nobody has to.
    this.whenExited.catch(() => undefined)
  }

  /** How it ended, or `undefined` while it runs. */
  get end(): ProcessEnd | undefined {
    return this.#end
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#end === undefined) this.#child.kill(signal)
  }

  /** Stops it cleanly; after `graceMs` by force. */
  async stop(graceMs: number): Promise<ProcessEnd> {
    if (this.#end === undefined) this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs)
    try {
      return await this.whenExited
    } finally {
      clearTimeout(timer)
    }
  }

  /** The log's last lines, for a message that says why it did not start. */
  lastWords(lines: number): string {
    try {
      return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
    } catch {
      return ''
    }
  }
}
