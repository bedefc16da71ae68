import { createInterface } from 'node:readline/promises'

/** Everything that the program needs of its process, so that tests can bring their own. */
export interface Io {
  /** Data. */
  readonly stdout: TextSink
  /** Talk. */
  readonly stderr: TextSink
  readonly env: Readonly<Record<string, string | undefined>>
  /** Wall clock, epoch ms: for people only. */
  now(): number
  /** Asks the person at the terminal; absent where there is none. */
  readonly ask?: (question: string) => Promise<string>
  /** Calls back at each of the signals; the returned function stops that. */
  onSignal(signals: readonly NodeJS.Signals[], listener: (signal: NodeJS.Signals) => void): () => void
}

export interface TextSink {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

export function processIo(): Io {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    now: () => Date.now(),
    ...(process.stdin.isTTY && process.stderr.isTTY ? { ask } : {}),
    onSignal(signals, listener) {
      for (const signal of signals) process.on(signal, listener)
      return () => {
        for (const signal of signals) process.off(signal, listener)
      }
    },
  }
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question(question)
  } finally {
    terminal.close()
  }
}
