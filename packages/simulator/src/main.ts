import { parseArgs } from 'node:util'
import { runInJobs } from './jobs.ts'
import { runSeed } from './run.ts'

const usage = `usage: npm run simulate -- --seeds A..B [--jobs N]     runs all seeds from A to B
       npm run simulate -- --seed N [--trace]         runs one, and tells all that happens
`

/** A run that takes this long has hung: the simulator itself, or an endless loop in what it runs. */
const hungMs = 120_000

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      jobs: { type: 'string', default: '2' },
      trace: { type: 'boolean', default: false },
      worker: { type: 'boolean', default: false },
    },
  })
  if (values.worker) return work()
  if (values.seed !== undefined) return one(wholeNumber('--seed', values.seed), values.trace)
  const range = /^(\d+)\.\.(\d+)$/.exec(values.seeds ?? '')
  if (range === null) {
    process.stderr.write(usage)
    return 2
  }
  const [from, to] = [Number(range[1]), Number(range[2])]
  return runInJobs({ from, to, jobs: wholeNumber('--jobs', values.jobs), hungMs })
}

async function one(seed: number, trace: boolean): Promise<number> {
  const verdict = await runSeed({
    seed,
    ...(trace && { trace: (line: string) => process.stdout.write(`${line}\n`) }),
  })
  const { failure, scene, hash, events, entries, deeds, undecided, virtualMs } = verdict
  process.stdout.write(
    `seed ${seed}: ${scene}\n${entries} entries, ${deeds} pieces of work, ${events} events in ${Math.round(virtualMs)} virtual ms; trace hash ${hash}\n`,
  )
  if (undecided > 0) process.stdout.write(`undecided: the histories of ${undecided} objects\n`)
  process.stdout.write(failure === undefined ? 'passed\n' : `FAILED: ${failure}\n`)
  return failure === undefined ? 0 : 1
}

/** Child process: gets seeds as messages, answers with verdicts. */
function work(): Promise<number> {
  return new Promise((resolve) => {
    process.on('message', (seed: number) => {
      runSeed({ seed }).then(
        (verdict) => process.send?.(verdict),
        (error: unknown) => process.send?.({ seed, failure: `simulator: ${(error as Error).stack}` }),
      )
    })
    process.on('disconnect', () => resolve(0))
  })
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new RangeError(`${name} ${text}: expected a whole number`)
}

process.exitCode = await main()
