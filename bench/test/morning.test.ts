import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { runDemo } from '../src/demo/demo.ts'
import { Display } from '../src/demo/display.ts'
import { parseWorkload } from '../src/workload/parse.ts'
import { smallWorkload } from './small-workload.ts'

await t.test('a morning with a crash and a failover loses, doubles and forgets nothing', async (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'tranca-morning-'))
  t.teardown(() => rmSync(parent, { recursive: true, force: true }))
  const directory = join(parent, 'demo')
  const workload = parseWorkload(JSON.parse(JSON.stringify(smallWorkload)), 'small')
  const { signal } = new AbortController()
  let text = ''
  const display = (): Display => new Display({ write: (part: string) => (text += part) })

  await t.test('on an empty cluster', async (t) => {
    const report = await runDemo({ workload, directory, fresh: true, exit: true, display: display(), signal })
    t.ok(report.ok, text)
    t.match(text, /leader n\d .*is killed with SIGKILL/)
    t.match(text, /application server app-02 crashes/)
    t.match(text, /longest time in which no client had any answer: [\d.,]+ ms/)
    t.match(text, /The audit holds\./)
    t.equal(report.verdicts.length, 10)
  })

  await t.test('and again on what it left', async (t) => {
    text = ''
    const report = await runDemo({
      workload,
      directory,
      fresh: false,
      exit: true,
      display: display(),
      signal,
    })
    t.ok(report.ok, text)
    t.match(text, /sequences are there from earlier runs/)
  })
})
