import t from 'tap'
import { checkHistory, writeHistory } from '../src/index.ts'
import { isPossible } from './brute-force.ts'
import { kinds, tinyHistory } from './tiny.ts'

const seeds = Number(process.env.HISTORY_SEEDS ?? 1000)

for (const kind of kinds) {
  await t.test(`the search and all permutations agree: ${kind}`, async (t) => {
    const counts = { ok: 0, violation: 0, undecided: 0 }
    for (let seed = 1; seed <= seeds; seed++) {
      const history = tinyHistory(kind, seed)
      const { verdict } = checkHistory(history)
      counts[verdict]++
      const wanted = isPossible(history, 0, 7) ? 'ok' : 'violation'
      if (verdict !== wanted)
        t.fail(`seed ${seed}: ${verdict}, should be ${wanted}\n${writeHistory(history)}`)
    }
    t.comment(`${seeds} seeds: ${JSON.stringify(counts)}`)
    t.ok(counts.ok > seeds / 30 && counts.violation > seeds / 20, 'both verdicts are met often')
  })
}
