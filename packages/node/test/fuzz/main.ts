/** Feeds decoders with hostile bytes: `npm run fuzz`. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { keep } from './corpus.ts'
import { fuzz } from './fuzz.ts'
import { targets } from './targets.ts'

const usage = `npm run fuzz -- [--minutes M] [--target T] [--seed N] [--keep]
  --minutes M  for all targets together (default 1)
  --target T   one of ${targets.map(({ name }) => name).join(', ')}
  --seed N     repeats a run (default: another one each time)
  --keep       writes what did harm into packages/node/testdata/corpus`

class UsageError extends Error {}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      target: { type: 'string' },
      seed: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target)
  const minutes = Number(values.minutes)
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
  if (values.help) {
    console.log(usage)
    return 0
  }
  if (chosen.length === 0) throw new UsageError(`--target ${values.target}: no such target`)
  if (!(minutes > 0)) throw new UsageError(`--minutes ${values.minutes}: expected a number above 0`)
  if (!Number.isSafeInteger(seed)) throw new UsageError(`--seed ${values.seed}: expected a whole number`)
  let passed = 0
  let failed = 0
  for (const target of chosen) {
    const untilMs = performance.now() + (minutes * 60_000) / chosen.length
    const result = await fuzz(target, { seed, more: () => performance.now() < untilMs })
    const { runs, accepted, crashes } = result
    console.log(
      `${target.name.padEnd(16)} ${runs} runs, ${accepted} accepted, ${crashes.length} failed (seed ${seed})`,
    )
    for (const { bytes, origin, text } of crashes) {
      console.log(`FAIL ${target.name}, ${origin}: ${text}\n  ${bytes.toString('hex').slice(0, 400)}`)
      if (values.keep) console.log(`  kept as ${keep(target.name, bytes)}`)
    }
    passed += runs - crashes.length
    failed += crashes.length
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

/** Of `parseArgs`, or of a value. */
function isWrongUsage(error: unknown): error is Error {
  return (
    error instanceof UsageError || String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')
  )
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!isWrongUsage(error)) throw error
  console.error(`${error.message}\n\n${usage}`)
  process.exitCode = 2
}
