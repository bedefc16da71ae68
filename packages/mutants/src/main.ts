/** Builds the product with one bug at a time and must go red for each: `npm run mutants`. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { checkWritable, runTool, UsageError, wholeNumber } from '@tranca/tool'
import { type Baseline, catchersOf, takeBaseline } from './baseline.ts'
import { mutants } from './catalog/all.ts'
import { ProductCopy } from './copy.ts'
import { type HuntOptions, hunt, type Report } from './hunt.ts'
import type { Mutant } from './mutant.ts'

const usage = `npm run mutants -- [--short] [--only ID]... [--all-means] [--jobs N] [--seeds N] [--json FILE]
npm run mutants -- --list
  --short      each meets only its first catcher, and none the simulator
  --only ID    only this one; may be repeated (default: all)
  --all-means  each meets all of its catchers, also after one was red
  --jobs N     so many at a time (default 2)
  --seeds N    seeds of the simulator for each (default 50)
  --json FILE  who caught what
  --list       names them`

const root = fileURLToPath(new URL('../../../..', import.meta.url))

function list(chosen: readonly Mutant[]): number {
  for (const { id, bug, catchers } of chosen) console.log(`${id.padEnd(30)} ${bug} (${catchers.join(', ')})`)
  return 0
}

/** In the short form each mutant meets only the first, cheapest catcher that is not the simulator. */
function choose(only: readonly string[] | undefined, short: boolean): readonly Mutant[] {
  const named = only?.map((id) => {
    const mutant = mutants.find((each) => each.id === id)
    if (mutant === undefined) throw new UsageError(`--only ${id}: no such mutant; see --list`)
    return mutant
  })
  const chosen = named ?? mutants
  if (!short) return chosen
  return chosen
    .filter(({ catchers }) => catchers[0] !== 'simulator')
    .map((mutant) => ({ ...mutant, catchers: mutant.catchers.slice(0, 1) }))
}

/** Of a catcher that is red without a bug, from its end. */
const LINES_SHOWN = 100

/** False when a catcher is red without any bug. */
function tell({ greenMs, missing, red }: Baseline): boolean {
  const seconds = [...greenMs.values()].reduce((sum, ms) => sum + ms, 0) / 1000
  console.log(`without a bug: ${greenMs.size} catchers are green (${seconds.toFixed(0)} s of work)`)
  for (const [catcher, what] of missing) console.log(`skipped: ${catcher}, for ${what} is not there`)
  for (const [catcher, { by, output }] of red) {
    console.log(`FAIL ${catcher} is red without any bug: ${by}`)
    const lines = output.split('\n').filter((line) => line.trim() !== '')
    for (const line of lines.slice(-LINES_SHOWN)) console.log(`| ${line}`)
  }
  if (red.size > 0) console.log(`0 passed, ${red.size} failed`)
  return red.size === 0
}

async function huntAll(chosen: readonly Mutant[], jobs: number, options: HuntOptions): Promise<Report[]> {
  const reports: Report[] = []
  const waiting = [...chosen]
  const work = async () => {
    const copy = await ProductCopy.make(options.root)
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const report = await hunt(next, copy, options)
        reports.push(report)
        console.log(lineOf(report))
      }
    } finally {
      await copy.remove()
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return reports
}

function lineOf({ mutant, kills, missed, error, seconds }: Report): string {
  const time = `${seconds.toFixed(1)} s`
  const head = `${mutant.id}: ${mutant.bug}`
  if (error !== undefined) return `FAIL ${head} | ${error} | ${time}`
  if (kills.length === 0) return `FAIL ${head} | SURVIVED ${missed.join(', ') || 'nobody looked'} | ${time}`
  const by = kills.map((kill) => `${kill.catcher} (${kill.by})`).join('; ')
  const green = missed.length === 0 ? '' : ` | green: ${missed.join(', ')}`
  return `ok   ${head} | ${by}${green} | ${time}`
}

function jsonOf(reports: readonly Report[]): string {
  const rows = reports.map(({ mutant, kills, missed, error, seconds }) => {
    const { id, bug, file } = mutant
    return { id, bug, file, killed: kills.length > 0, kills, missed, error, seconds }
  })
  return `${JSON.stringify(rows, undefined, 2)}\n`
}

await runTool({
  name: 'mutants',
  usage,
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    'all-means': { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
    seeds: { type: 'string', default: '50' },
    json: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
  async run(values) {
    const chosen = choose(values.only, values.short)
    if (values.list) return list(chosen)
    const jobs = wholeNumber('--jobs', values.jobs, 1)
    const seeds = wholeNumber('--seeds', values.seeds, 1)
    checkWritable('--json', values.json)
    const baseline = await takeBaseline(root, catchersOf(chosen), { seeds, jobs })
    if (!tell(baseline)) return 1
    const { greenMs } = baseline
    const reports = await huntAll(chosen, jobs, { root, greenMs, seeds, allMeans: values['all-means'] })
    if (values.json !== undefined) await writeFile(values.json, jsonOf(reports))
    const failed = reports.filter(({ kills }) => kills.length === 0).length
    console.log(`${reports.length - failed} passed, ${failed} failed`)
    return failed === 0 ? 0 : 1
  },
})
