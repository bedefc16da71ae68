/** Everything that the program needs of its process, so that tests can bring their own. */
export interface Io {
  /** Data. */
  readonly stdout: TextSink
  /** Talk. */
  readonly stderr: TextSink
  readonly env: Readonly<Record<string, string | undefined>>
  /** Wall clock, epoch ms: keys carry it. */
  now(): number
  /** The exit code of work that goes on after the command line was run. */
  fail?(code: number): void
}

export interface TextSink {
  write(text: string): unknown
  readonly columns?: number | undefined
}

export function processIo(): Io {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    now: () => Date.now(),
    fail: (code) => {
      process.exitCode = code
    },
  }
}
