/** Damages small node directories in every way and opens them: `npm run disk-sweep`. See ../../README.md. */
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { runTool, UsageError, wholeNumber } from '@tranca/tool'
import { type Effort, parts } from './parts.ts'
import { Tally } from './verdict.ts'

const usage = `npm run disk-sweep -- [--short] [--seed N] [--only PART]
  --short      a sample of every kind, in less than a minute
  --seed N     picks the sample, and how a crash tears writes (default 1)
  --only PART  parts with PART in their name; without a match, all are named`

const failuresShown = 20

async function sweep(queue: string[], effort: Effort): Promise<number> {
  const all = new Tally()
  const work = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const startedMs = performance.now()
      const tally = await inWorker(name, effort)
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
      console.log(`${name.padEnd(20)} ${tally} (${seconds} s)`)
      all.add(tally)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  for (const failure of all.failures.slice(0, failuresShown)) console.log(`FAIL ${failure}`)
  if (all.failures.length > failuresShown) console.log(`... and ${all.failures.length - failuresShown} more`)
  console.log(`all                  ${all} (seed ${effort.seed}${effort.oneIn > 1 ? ', sample' : ''})`)
  console.log(`${all.passed} passed, ${all.failures.length} failed`)
  return all.failures.length === 0 ? 0 : 1
}

/** One part in a thread of its own; a thread that dies is a failure of its part. */
function inWorker(name: string, effort: Effort): Promise<Tally> {
  return new Promise((done) => {
    const tally = new Tally()
    const worker = new Worker(new URL(import.meta.url), { workerData: { name, effort } })
    worker.on('message', (result: Tally) => tally.add(result))
    worker.on('error', (error: unknown) =>
      tally.failures.push(`${name}: ${error instanceof Error ? error.stack : error}`),
    )
    worker.on('exit', () => {
      if (tally.cases === 0) tally.failures.push(`${name}: no case was tried`)
      done(tally)
    })
  })
}

/** Names of the parts whose names have `only` in them. */
function choose(only: string): string[] {
  const names = parts.map((part) => part.name)
  const chosen = names.filter((name) => name.includes(only))
  if (chosen.length > 0) return chosen
  throw new UsageError(`--only ${only}: no part has that in its name; there are: ${names.join(' ')}`)
}

if (isMainThread) {
  await runTool({
    name: 'disk-sweep',
    usage,
    options: {
      short: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
    },
    run: ({ short, seed, only }) =>
      sweep(choose(only), { oneIn: short ? 3 : 1, seed: wholeNumber('--seed', seed, 0) }),
  })
} else {
  const { name, effort } = workerData as { name: string; effort: Effort }
  const { recovered, older, refused, failures } = await parts.find((part) => part.name === name)!.run(effort)
  parentPort!.postMessage({ recovered, older, refused, failures })
}
