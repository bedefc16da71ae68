import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FillAnswer, FillCommand } from './stock.ts'

const MAIN = fileURLToPath(new URL('./fill-main.js', import.meta.url))

/** The process that fills a cluster; what it made ends with it, at the latest when its sessions expire. */
export class Filler {
  readonly #child: ChildProcess

  constructor() {
    this.#child = fork(MAIN, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  }

  /** One at a time. Rejects if something of it could not be made. */
  fill(command: FillCommand): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        this.#child.removeAllListeners()
        if (error === undefined) resolve()
        else reject(error)
      }
      this.#child.on('message', (answer: FillAnswer) => {
        settle(answer.ok ? undefined : new Error(`${command.stock}: ${answer.reason}`))
      })
      this.#child.on('error', settle)
      this.#child.on('exit', (code, signal) => settle(new Error(`the filler ended (${signal ?? code})`)))
      this.#child.send(command)
    })
  }

  kill(): void {
    this.#child.removeAllListeners()
    this.#child.kill('SIGKILL')
  }
}

/**
 * Sessions beyond so many are those of processes that died, and have their time to live: a node takes 20 000
 * connections, and a process has no more files.
 */
const CONNECTED_MAX = 10_000
const PER_PROCESS = 5_000
const TTL_MAX_MS = 600_000

/** Fills a cluster with one kind; what `filler` made, it keeps. */
export async function fill(filler: Filler, command: FillCommand): Promise<void> {
  if (command.stock !== 'sessions-idle') return filler.fill(command)
  const connected = Math.min(command.to, CONNECTED_MAX)
  if (connected > command.from) await filler.fill({ ...command, to: connected })
  for (let from = Math.max(command.from, CONNECTED_MAX); from < command.to; from += PER_PROCESS) {
    const dying = new Filler()
    try {
      await dying.fill({ ...command, from, to: Math.min(command.to, from + PER_PROCESS), ttlMs: TTL_MAX_MS })
    } finally {
      dying.kill()
    }
  }
}
