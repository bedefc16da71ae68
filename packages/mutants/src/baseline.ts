import { ProductCopy } from './copy.ts'
import type { Catcher, Mutant } from './mutant.ts'
import { runCatcher } from './run.ts'

const LIMIT_MS = 600_000

export interface Baseline {
  /** How long each catcher took on the product without a bug, in ms. */
  readonly greenMs: ReadonlyMap<Catcher, number>
  /** Catchers that cannot run here, and what they lack. */
  readonly missing: ReadonlyMap<Catcher, string>
  /** Catchers that are red without any bug: nothing that they say means anything. */
  readonly red: ReadonlyMap<Catcher, Red>
}

export interface Red {
  /** The test, script, truth or seed that was the first to say no. */
  readonly by: string
  readonly output: string
}

export function catchersOf(mutants: readonly Mutant[]): Catcher[] {
  return [...new Set(mutants.flatMap(({ catchers }) => catchers))]
}

/** Runs every catcher once in a copy of the product as it is. */
export async function takeBaseline(
  root: string,
  catchers: readonly Catcher[],
  options: { readonly seeds: number; readonly jobs: number },
): Promise<Baseline> {
  const greenMs = new Map<Catcher, number>()
  const missing = new Map<Catcher, string>()
  const red = new Map<Catcher, Red>()
  const copy = await ProductCopy.make(root)
  try {
    const waiting = [...catchers]
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const run = await runCatcher(copy.root, next, { seeds: options.seeds, limitMs: LIMIT_MS })
        if (run.kind === 'green') greenMs.set(next, run.seconds * 1000)
        else if (run.kind === 'missing') missing.set(next, run.what)
        else red.set(next, run.kind === 'red' ? run : { by: 'hung', output: '' })
      }
    }
    await Promise.all(Array.from({ length: options.jobs }, work))
  } finally {
    await copy.remove()
  }
  return { greenMs, missing, red }
}
