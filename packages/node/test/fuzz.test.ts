import t from 'tap'
import { fuzz } from './fuzz/fuzz.ts'
import { targets } from './fuzz/targets.ts'

const seed = Number(process.env.TRANCA_SEED ?? 1)

// A short run; `npm run fuzz -- --minutes M` goes on.
for (const target of targets) {
  t.test(`${target.name}: hostile bytes are understood or refused, and nothing else`, async (t) => {
    const result = await fuzz(target, { seed, more: (runs) => runs < target.testRuns })
    t.comment(`${result.runs} runs, ${result.accepted} accepted, TRANCA_SEED=${seed}`)
    t.same(
      result.crashes.map(
        ({ origin, text, bytes }) => `${origin}: ${text} ${bytes.toString('hex').slice(0, 200)}`,
      ),
      [],
    )
    t.ok(result.accepted > 0 && result.accepted < result.runs, 'some are understood, some refused')
  })
}
