/** Feeds decoders with hostile bytes: `npm run fuzz`. */
import { randomInt } from 'node:crypto'
import { number, runTool, UsageError, wholeNumber } from '@tranca/tool'
import { keep } from './corpus.ts'
import { fuzz } from './fuzz.ts'
import { targets } from './targets.ts'

const usage = `npm run fuzz -- [--minutes M] [--target T] [--seed N] [--keep]
  --minutes M  for all targets together (default 1)
  --target T   one of ${targets.map(({ name }) => name).join(', ')}
  --seed N     repeats a run (default: another one each time)
  --keep       writes what did harm into packages/node/testdata/corpus`

/** Less is no try. */
const MINUTES_MIN = 0.001

await runTool({
  name: 'fuzz',
  usage,
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string' },
    seed: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
  async run(values) {
    const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target)
    if (chosen.length === 0) throw new UsageError(`--target ${values.target}: no such target`)
    const minutes = number('--minutes', values.minutes, MINUTES_MIN)
    const seed = wholeNumber('--seed', values.seed, 0) ?? randomInt(2 ** 31)
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
  },
})
