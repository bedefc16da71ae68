/** Walks small worlds of the real core through all of their states: `npm run explore`. */
import { runTool, UsageError, wholeNumber } from '@tranca/tool'
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

/** What fits into memory. */
const STATES_MAX = 5_000_000

function list(): number {
  for (const { name, about } of worlds) console.log(`${name.padEnd(12)} ${about}`)
  return 0
}

function walkAll(chosen: readonly World[], options: SearchOptions): number {
  const failed = chosen.filter((world) => !walk(world, options)).length
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

await runTool({
  name: 'explore',
  usage,
  options: {
    world: { type: 'string', multiple: true },
    deep: { type: 'boolean', default: false },
    depth: { type: 'string' },
    states: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
  run(values) {
    if (values.list) return list()
    return walkAll(choose(values.world), {
      deep: values.deep,
      depthMax: wholeNumber('--depth', values.depth, 1) ?? Number.POSITIVE_INFINITY,
      statesMax: Math.min(wholeNumber('--states', values.states, 1) ?? STATES_MAX, STATES_MAX),
    })
  },
})
