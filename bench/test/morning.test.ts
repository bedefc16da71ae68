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
  const settings = { workload, directory, exit: true, ports: 'free', signal } as const
  let text = ''
  const display = (): Display => new Display({ write: (part: string) => (text += part) })
  const shows = (...patterns: RegExp[]): void => {
    for (const pattern of patterns) t.ok(pattern.test(text), `shows ${pattern.source}`)
  }

  await t.test('on an empty cluster', async (t) => {
    const report = await runDemo({ ...settings, fresh: true, display: display() })
    if (!report.ok) t.comment(text)
    t.ok(report.ok, 'the audit holds')
    t.equal(report.verdicts.length, 10)
  })
  shows(/leader n\d .*is killed with SIGKILL/, /application server app-02 crashes/, /The audit holds\./)
  shows(/longest time in which no client had any answer: [\d.,]+ ms/)

  text = ''
  await t.test('and again on what it left', async (t) => {
    const report = await runDemo({ ...settings, fresh: false, display: display() })
    if (!report.ok) t.comment(text)
    t.ok(report.ok, 'the audit holds')
  })
  shows(/sequences are there from earlier runs/, /The audit holds\./)
})
