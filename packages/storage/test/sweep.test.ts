import t from 'tap'
import { parts } from './sweep/parts.ts'

const seed = Number(process.env.TRANCA_SEED ?? 1)

// A small share of what `npm run disk-sweep` tries.
for (const part of parts) {
  await t.test(`${part.name}: everything is recovered, or the directory is refused`, async (t) => {
    const tally = await part.run({ oneIn: 12, seed })
    t.comment(`${tally} (TRANCA_SEED=${seed})`)
    t.same(tally.failures, [])
    t.ok(tally.passed > 0)
  })
}
