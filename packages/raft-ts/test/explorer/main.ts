/** Walks small worlds of the real core through all of their states: `npm run explore`. */
import { parseArgs } from 'node:util'
import { type Outcome, type SearchOptions, search } from './search.ts'
import type { World } from './world.ts'
import { worlds } from './worlds.ts'

const usage = `npm run explore -- [--world NAME]... [--deep] [--depth N] [--states N]
npm run explore -- --list
  --world NAME  only this one; may be repeated (default: all)
  --deep        with the larger bounds of each world
  --depth N     at most so many moves from the beginning
  --states N    at most so many states
  --list        names the worlds`

class UsageError extends Error {}

/** What fits into memory. */
const STATES_MAX = 5_000_000

function main(args: readonly string[]): number {
  const { values } = parseArgs({
    args: [...args],
    options: {
      world: { type: 'string', multiple: true },
      deep: { type: 'boolean' },
      depth: { type: 'string' },
      states: { type: 'string' },
      list: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  if (values.list) {
    for (const { name, about } of worlds) console.log(`${name.padEnd(12)} ${about}`)
    return 0
  }
  const options: SearchOptions = {
    deep: values.deep ?? false,
    depthMax: count('--depth', values.depth),
    statesMax: Math.min(count('--states', values.states), STATES_MAX),
  }
  let failed = 0
  const chosen = choose(values.world)
  for (const world of chosen) if (!walk(world, options)) failed++
  console.log(`${chosen.length - failed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

function walk(world: World, options: SearchOptions): boolean {
  const started = performance.now()
  const outcome = search(world, options)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const { states, locals, depth, complete, violation, unreached } = outcome
  const ok = passes(outcome)
  const extent = complete ? 'all states' : violation === undefined ? 'cut short' : 'stopped'
  console.log(
    `${ok ? 'ok  ' : 'FAIL'} ${world.name.padEnd(12)} ${String(states).padStart(8)} states (${locals} of single members), ` +
      `${depth} moves deep, ${extent}, ${seconds} s`,
  )
  if (violation !== undefined) {
    console.log(`  ${violation.truth}`)
    for (const [i, line] of violation.trace.entries()) console.log(`  ${String(i + 1).padStart(3)}. ${line}`)
  } else if (complete) {
    for (const { name } of unreached) console.log(`  never reached: ${name}`)
  }
  return ok
}

/** A walk that was cut short by its options need not have come everywhere. */
function passes({ violation, complete, unreached }: Outcome): boolean {
  return violation === undefined && (!complete || unreached.length === 0)
}

function choose(names: readonly string[] | undefined): readonly World[] {
  if (names === undefined) return worlds
  return names.map((name) => {
    const world = worlds.find((each) => each.name === name)
    if (world === undefined)
      throw new UsageError(`--world ${name}: expected one of ${worlds.map((each) => each.name).join(', ')}`)
    return world
  })
}

function count(option: string, text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError(`${option} ${text}: expected a positive integer`)
  return value
}

/** Of `parseArgs`, or of a value. */
function isWrongUsage(error: unknown): error is Error {
  return (
    error instanceof UsageError || String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')
  )
}

try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  if (!isWrongUsage(error)) throw error
  console.error(`${error.message}\n\n${usage}`)
  process.exitCode = 2
}
