import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { checkHistory, parseHistory } from '../src/index.ts'

const shared = fileURLToPath(new URL('../../../../../shared/histories', import.meta.url))
const skip = existsSync(shared) ? false : 'no ../shared/histories beside the project'

t.setTimeout(120_000)

function verdictOf(path: string): string {
  const parsed = parseHistory(readFileSync(path, 'utf8'))
  return parsed.ok ? checkHistory(parsed.operations).verdict : `line ${parsed.line}: ${parsed.expected}`
}

for (const folder of ['handmade', 'simulated']) {
  await t.test(`the ${folder} histories are decided as they are labelled`, { skip }, async (t) => {
    const names = readdirSync(join(shared, folder)).filter((name) => name.endsWith('.jsonl'))
    t.ok(names.length > 0)
    for (const name of names)
      t.equal(verdictOf(join(shared, folder, name)), name.startsWith('good') ? 'ok' : 'violation', name)
  })
}

await t.test('the histories of etcd are decided as they are labelled', { skip }, async (t) => {
  const folder = join(shared, 'jepsen-etcd')
  const verdicts = JSON.parse(readFileSync(join(folder, 'verdicts.json'), 'utf8')) as Record<string, boolean>
  t.ok(Object.keys(verdicts).length > 0)
  for (const [name, isLinearizable] of Object.entries(verdicts))
    t.equal(verdictOf(join(folder, name)), isLinearizable ? 'ok' : 'violation', name)
})
