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
    t.equal(report.verdicts.length, 14)
  })
  shows(/leader n\d .*is killed with SIGKILL/, /application server app-02 crashes/, /The audit holds\./)
  shows(/longest time in which no client had any answer: [\d.,]+ ms/)
  shows(/issued development key 1 for 6 products/, /dbaccess on db-1 leases 3 /)
  shows(/slave-\d on db-1 takes 2 cores/, /slave-\d on db-1 shares 2 cores/)
  shows(/4001 TOTVS I +2 +[12] +\d+ +0 +\d+/, /4091 TOP_PROCESSOR +4 +2 +2 +1 +0 +-/)

  text = ''
  const [first, ...others] = workload.licenses!.products
  const products = [{ ...first!, quantity: 9 }, ...others]
  const grown = { ...workload, licenses: { ...workload.licenses!, products } }
  await t.test('and again on what it left, with a contract that has grown', async (t) => {
    const report = await runDemo({ ...settings, workload: grown, fresh: false, display: display() })
    if (!report.ok) t.comment(text)
    t.ok(report.ok, 'the audit holds')
  })
  shows(/issued development key 2 /, /sequences are there from earlier runs/, /The audit holds\./)
})
