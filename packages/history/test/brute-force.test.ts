import t from 'tap'
import { checkHistory, type Operation, writeHistory } from '../src/index.ts'
import { isPossible } from './brute-force.ts'
import { kinds, tinyHistory } from './tiny.ts'

/** More than the clients of a tiny history can ask for. */
const UNITS_MAX = 13

t.setTimeout(600_000)

const seeds = Number(process.env.HISTORY_SEEDS ?? 1000)

for (const kind of kinds) {
  await t.test(`the search and all permutations agree: ${kind}`, async (t) => {
    const counts = { ok: 0, violation: 0, undecided: 0 }
    for (let seed = 1; seed <= seeds; seed++) {
      const history = tinyHistory(kind, seed)
      const { verdict } = checkHistory(history)
      counts[verdict]++
      const capacities = kind === 'first capacity' ? UNITS_MAX : 0
      const wanted = isPossibleFrom(history, capacities) ? 'ok' : 'violation'
      if (verdict !== wanted)
        t.fail(`seed ${seed}: ${verdict}, should be ${wanted}\n${writeHistory(history)}`)
    }
    t.comment(`${seeds} seeds: ${JSON.stringify(counts)}`)
    t.ok(counts.ok > seeds / 30 && counts.violation > seeds / 20, 'both verdicts are met often')
  })
}

/** Whether it is, with any capacity at the beginning up to this one. */
function isPossibleFrom(history: readonly Operation[], capacityMax: number): boolean {
  for (let cap = 0; cap <= capacityMax; cap++) if (isPossible(history, cap, 7)) return true
  return false
}
