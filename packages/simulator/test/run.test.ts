import t from 'tap'
import { runSeed } from '../src/index.ts'

t.test('the same seed gives the same run, event by event', async (t) => {
  for (const seed of [3, 36]) {
    const lines: string[] = []
    const first = await runSeed({ seed })
    const second = await runSeed({ seed, trace: (line) => lines.push(line) })
    t.equal(first.hash, second.hash, `seed ${seed}`)
    t.equal(first.events, second.events)
    t.ok(lines.length > 100, 'a trace tells what happened')
  }
})

t.test('another seed gives another run', async (t) => {
  const first = await runSeed({ seed: 11 })
  const second = await runSeed({ seed: 12 })
  t.not(first.hash, second.hash)
})

t.test('some seeds pass, whatever ran before them', { timeout: 120_000 }, async (t) => {
  for (let seed = 100; seed < 124; seed++) {
    const { failure, deeds } = await runSeed({ seed })
    t.equal(failure, undefined, `seed ${seed}`)
    t.ok(deeds > 0, `clients got something done in seed ${seed}`)
  }
})
