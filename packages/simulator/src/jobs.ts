import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Verdict } from './run.ts'

const main = fileURLToPath(new URL('main.js', import.meta.url))
/** Time between two lines of progress. */
const progressMs = 15_000

/**
 * Runs seeds in child processes, each for itself, and says which failed. A child that hangs or dies is
 * replaced, and its seed has failed.
 *
 * @returns the exit code: 0 if all passed
 */
export async function runInJobs(options: {
  from: number
  to: number
  jobs: number
  hungMs: number
}): Promise<number> {
  const { from, to, hungMs } = options
  const beginMs = performance.now()
  let next = from
  let passed = 0
  const failed: number[] = []
  let undecided = 0
  const rate = () => Math.round(((passed + failed.length) * 60_000) / (performance.now() - beginMs))
  const note = (seed: number, { failure, isUndecided }: Fate) => {
    if (isUndecided) undecided++
    if (failure === undefined) passed++
    else {
      failed.push(seed)
      process.stdout.write(`seed ${seed} FAILED: ${failure.split('\n').slice(0, 3).join(' | ')}\n`)
    }
  }
  const progress = setInterval(() => {
    process.stdout.write(`... ${passed + failed.length} of ${to - from + 1} seeds, ${rate()} a minute\n`)
  }, progressMs)
  const job = async (): Promise<void> => {
    let child: ChildProcess | undefined
    while (next <= to) {
      const seed = next++
      child ??= fork(main, ['--worker'])
      const fate = await ask(child, seed, hungMs)
      note(seed, fate)
      if (fate.isOver) child = undefined
    }
    child?.disconnect()
  }
  await Promise.all(Array.from({ length: Math.max(1, options.jobs) }, job))
  clearInterval(progress)
  const seconds = ((performance.now() - beginMs) / 1_000).toFixed(1)
  process.stdout.write(`${seconds} s, ${rate()} seeds a minute\n`)
  if (undecided > 0) process.stdout.write(`${undecided} with a history that is undecided\n`)
  process.stdout.write(`${passed} passed, ${failed.length} failed\n`)
  return failed.length === 0 ? 0 : 1
}

interface Fate {
  readonly failure: string | undefined
  /** What clients saw could not be judged in time. */
  readonly isUndecided: boolean
  /** The child is of no more use. */
  readonly isOver: boolean
}

function ask(child: ChildProcess, seed: number, hungMs: number): Promise<Fate> {
  return new Promise((resolve) => {
    const end = (failure: string | undefined, { isOver = false, isUndecided = false }) => {
      clearTimeout(timer)
      child.removeAllListeners('message')
      child.removeAllListeners('exit')
      resolve({ failure, isOver, isUndecided })
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      end(`hung: no end within ${hungMs / 1_000} s of real time`, { isOver: true })
    }, hungMs)
    child.on('message', (verdict: Verdict) => end(verdict.failure, { isUndecided: verdict.undecided > 0 }))
    child.on('exit', (code, signal) => end(`the process died: ${signal ?? code}`, { isOver: true }))
    child.send(seed)
  })
}
