import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProductCopy } from './copy.ts'
import { type Catcher, type Mutant, mutate } from './mutant.ts'
import { type Run, runCatcher } from './run.ts'
import { transpile } from './transpile.ts'

export interface HuntOptions {
  /** The repository, built. */
  readonly root: string
  /** How long the unmutated run of each catcher took, in ms. */
  readonly greenMs: ReadonlyMap<Catcher, number>
  /** Seeds of the simulator. */
  readonly seeds: number
  /** Runs every catcher, also when one has caught it. */
  readonly allMeans: boolean
}

export interface Kill {
  readonly catcher: Catcher
  readonly by: string
}

export interface Report {
  readonly mutant: Mutant
  readonly kills: readonly Kill[]
  /** Catchers that stayed green, or could not run. */
  readonly missed: readonly Catcher[]
  readonly error: string | undefined
  readonly seconds: number
}

/** Builds the bug into the copy, lets the catchers look for it, and takes it out again. */
export async function hunt(mutant: Mutant, copy: ProductCopy, options: HuntOptions): Promise<Report> {
  const started = performance.now()
  const kills: Kill[] = []
  const missed: Catcher[] = []
  let error: string | undefined
  const built = builtFile(mutant.file)
  try {
    const source = await readFile(join(options.root, mutant.file), 'utf8')
    const text = transpile(mutant.file, mutate(mutant, source))
    await copy.replace(built, text)
    for (const catcher of mutant.catchers) {
      const green = options.greenMs.get(catcher)
      if (green === undefined) continue
      const run = await runCatcher(copy.root, catcher, { seeds: options.seeds, limitMs: limitFor(green) })
      const by = verdictOf(run)
      if (by === undefined) missed.push(catcher)
      else kills.push({ catcher, by })
      if (kills.length > 0 && !options.allMeans) break
    }
  } catch (failure) {
    error = failure instanceof Error ? failure.message : String(failure)
  } finally {
    await copy.restore(built)
  }
  return { mutant, kills, missed, error, seconds: (performance.now() - started) / 1000 }
}

/** packages/ROOM/src/FILE.ts is built as packages/ROOM/dist/src/FILE.js. */
export function builtFile(file: string): string {
  return file.replace(/^packages\/([^/]+)\/src\//, 'packages/$1/dist/src/').replace(/\.ts$/, '.js')
}

/** Time in which a green run would have ended for sure. */
function limitFor(greenMs: number): number {
  return Math.max(60_000, 6 * greenMs)
}

function verdictOf(run: Run): string | undefined {
  switch (run.kind) {
    case 'red':
      return run.by
    case 'hung':
      return `hung: no end in ${run.seconds.toFixed(0)} s`
    default:
      return undefined
  }
}
