import { runTool, UsageError, wholeNumber } from '@tranca/tool'
import { runInJobs } from './jobs.ts'
import { runSeed } from './run.ts'

const usage = `npm run simulate -- --seeds A..B [--jobs N]
npm run simulate -- --seed N [--trace]
  --seeds A..B  runs all seeds from A to B, and prints those that fail
  --jobs N      so many at a time (default 2)
  --seed N      runs one
  --trace       tells all that happens in it`

/** A run that takes this long has hung: the simulator itself, or an endless loop in what it runs. */
const hungMs = 120_000

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

await runTool({
  name: 'simulate',
  usage,
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    trace: { type: 'boolean', default: false },
    worker: { type: 'boolean', default: false },
  },
  run({ seeds, seed, jobs, trace, worker }) {
    if (worker) return work()
    if (seed !== undefined) return one(wholeNumber('--seed', seed, 0), trace)
    const range = /^(\d+)\.\.(\d+)$/.exec(seeds ?? '')
    if (range === null) throw new UsageError(`--seeds ${seeds ?? 'is missing'}: expected A..B`)
    const [from, to] = [Number(range[1]), Number(range[2])]
    return runInJobs({ from, to, jobs: wholeNumber('--jobs', jobs, 1), hungMs })
  },
})
