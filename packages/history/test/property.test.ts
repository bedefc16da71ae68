import t from 'tap'
import { checkHistory, explain, parseHistory, writeHistory } from '../src/index.ts'
import { bugs, run } from './service.ts'

t.setTimeout(600_000)

const seeds = Number(process.env.HISTORY_SEEDS ?? 15)
const size = { operations: 400, clients: 8, objects: 2, unknown: 0.03 }

await t.test('what a correct service does is always possible', async (t) => {
  for (let seed = 1; seed <= seeds; seed++) {
    const verdict = checkHistory(run({ ...size, seed }))
    const findings = verdict.verdict === 'violation' ? verdict.findings.map(explain).join('\n') : ''
    if (verdict.verdict !== 'ok') t.fail(`seed ${seed}: ${verdict.verdict} ${findings}`)
  }
  t.pass(`${seeds} seeds`)
})

await t.test('many clients, one object of each kind, many unknown outcomes', async (t) => {
  const history = run({ seed: 1, operations: 2000, clients: 64, objects: 1, unknown: 0.1 })
  t.equal(checkHistory(history).verdict, 'ok')
})

await t.test('a pool that is always full, under many clients', async (t) => {
  for (let seed = 1; seed <= seeds; seed++) {
    const all = run({ seed, operations: 2500, clients: 38, objects: 1, unknown: 0.02 })
    const history = all.filter(({ op }) => op.startsWith('pool.'))
    const verdict = checkHistory(history)
    const findings = verdict.verdict === 'violation' ? verdict.findings.map(explain).join('\n') : ''
    if (verdict.verdict !== 'ok') t.fail(`seed ${seed}: ${verdict.verdict} ${findings}`)
  }
  t.pass(`${seeds} seeds`)
})

for (const bug of bugs) {
  await t.test(`a service with this bug is found out: ${bug}`, async (t) => {
    for (let seed = 1; seed <= 40; seed++) {
      const history = run({ ...size, objects: 1, seed, bug })
      const verdict = checkHistory(history)
      if (verdict.verdict !== 'violation') continue
      const [finding] = verdict.findings
      const part = finding!.operations
      // The explanation alone must be a contradiction too: parsed back from what is printed.
      const printed = parseHistory(writeHistory(part))
      t.ok(printed.ok && part.length > 0 && part.length <= history.length)
      t.comment(`seed ${seed}: ${part.length} of ${history.length} operations, ${finding!.reason}`)
      return
    }
    t.fail('not in 40 seeds')
  })
}
