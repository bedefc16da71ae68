import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseKeyFile, verifyKey } from '@tranca/license-key'
import { UsageError } from '@tranca/tool'
import t from 'tap'
import { audit } from '../src/audit/audit.ts'
import { parseArguments } from '../src/demo/arguments.ts'
import { Display } from '../src/demo/display.ts'
import { LeaderKill } from '../src/demo/failover.ts'
import { fits } from '../src/demo/install-key.ts'
import { loadState, saveState } from '../src/demo/keepsake.ts'
import { summaryLines } from '../src/demo/summary.ts'
import { millis, table } from '../src/demo/text.ts'
import { VendorDesk } from '../src/demo/vendor-desk.ts'
import { parseWorkload } from '../src/workload/parse.ts'
import { clusterState, lockOf, nextOf, Story } from './sample.ts'
import { smallWorkload } from './small-workload.ts'

await t.test('arguments are taken as help says, and no others', async (t) => {
  t.match(parseArguments(['--fresh', '--exit']), { fresh: true, exit: true, workload: undefined })
  t.match(parseArguments(['--workload', 'w.json']), { fresh: false, workload: 'w.json' })
  t.throws(() => parseArguments(['--speed']), UsageError)
  t.throws(() => parseArguments(['extra']), UsageError)
})

await t.test('the summary tells what was done, what the failover cost, and what is broken', async (t) => {
  const story = new Story()
  const [a, b] = [story.client('app-01'), story.client('app-02')]
  story.ok(a, [0, 2], lockOf('u1', 'job'), { token: 1, counts: [1] })
  story.ok(b, [3, 5], lockOf('u2', 'job'), { token: 2, counts: [1] })
  story.refused(b, [100, 350], nextOf('u2'), 'overflow')
  const report = audit({ history: story, before: clusterState(), after: clusterState() })
  const run = { history: story, surprises: [], startedMs: 0, endedMs: 1_000 }
  const failover = { victim: 'n1', successor: 'n2', killedMs: 90, electedAfterMs: 9, rejoinedAfterMs: 800 }
  const text = summaryLines(run, failover, report).join('\n')
  for (const part of [
    /3 answered in 1\.0 s \(3 a second\), through 2 sessions/,
    /sequence\.next +1 +1 +250 +250 +250 +250\n/,
    /n1 led and was killed with SIGKILL; n2 took over/,
    /no client had any answer: 250 ms/,
    /BROKEN {2}no lock held twice/,
    /lock job: held by app-01 \(session 1\), user u1/,
    /ok {6}no number twice/,
    /THE AUDIT DOES NOT HOLD/,
  ]) {
    t.ok(part.test(text), `says ${part.source}`)
  }
  t.notOk(report.ok)
  t.notMatch(summaryLines(run, undefined, report).join('\n'), /Failover/)
})

await t.test('columns and times are easy to read', async (t) => {
  t.strictSame(table(['name', 'n'], [['a', '100']]), ['name    n', 'a     100'])
  t.strictSame(
    [millis(1.234), millis(12.34), millis(1_234.5), millis(Number.NaN)],
    ['1.23', '12.3', '1,235', '-'],
  )
})

await t.test('what the last run left is kept, and a file that is none is refused', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tranca-keepsake-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'audit.json')
  t.equal(loadState(file), undefined)
  saveState(file, clusterState({ sessions: [7] }))
  t.strictSame(loadState(file), clusterState({ sessions: [7] }))
  writeFileSync(file, '{"version":9}')
  t.throws(() => loadState(file), /audit\.json: not written by this version/)
})

await t.test("the vendor's desk", async (t) => {
  const plan = parseWorkload(JSON.parse(JSON.stringify(smallWorkload)), 'small').licenses!
  const folder = mkdtempSync(join(tmpdir(), 'tranca-desk-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const desk = new VendorDesk(folder)
  const publicKeyPem = readFileSync(desk.publicKeyFile(), 'utf8')
  const issued = () => {
    const parsed = parseKeyFile(desk.issue(plan))
    if (!parsed.ok || parsed.key.body.kind !== 'license') throw new Error('no license was issued')
    t.ok(verifyKey(parsed.key, publicKeyPem).ok)
    return parsed.key.body
  }

  await t.test('issues keys for the contract, each with a larger serial', async (t) => {
    t.match(issued(), { serial: 1, installationId: 'tranca-small', products: [{ id: 4107, quantity: 8 }] })
    t.equal(issued().serial, 2)
    t.equal(readFileSync(new VendorDesk(folder).publicKeyFile(), 'utf8'), publicKeyPem, 'the pair is kept')
  })

  await t.test('an installed key is kept while it is for this contract and does not end soon', async (t) => {
    const key = issued()
    const now = Date.parse(key.issuedAt)
    t.ok(fits(key, plan, now))
    t.notOk(fits(key, plan, now + 110 * 86_400_000), 'it ends soon')
    t.notOk(fits(key, { ...plan, products: plan.products.slice(1) }, now), 'one product less')
    const more = plan.products.map((product) => ({ ...product, quantity: 99 }))
    t.notOk(fits(key, { ...plan, products: more }, now), 'more units')
  })
})

await t.test('the display', async (t) => {
  const progress = () => ({
    phase: 'orders',
    tasks: 5,
    tasksTotal: 10,
    answered: 1_234,
    leader: '127.0.0.1:5556',
  })

  await t.test('rewrites one line on a terminal, with events above it', async (t) => {
    let text = ''
    const display = new Display({ isTTY: true, columns: 100, write: (part: string) => (text += part) })
    display.start(progress, () => 'n2')
    display.event('something happened')
    display.stop()
    t.match(text, /s {2}something happened\n/)
    t.ok(text.includes('\r\u001b[2K[############............]  50 %  orders'), text)
    t.match(text, /1,234 answered {2}leader n2/)
  })

  await t.test('writes plain lines elsewhere', async (t) => {
    let text = ''
    const display = new Display({ write: (part: string) => (text += part) })
    display.start(progress, () => 'n2')
    display.stop()
    t.match(text, /^ +0\.\d s {2}50 % {2}orders .*leader n2\n$/)
    t.notOk(text.includes('\u001b'))
  })
})

await t.test('the failover kills who leads, and starts it again once another one leads', async (t) => {
  const steps: string[] = []
  let leader = 'n1'
  const kill = new LeaderKill({
    at: 0.5,
    restartAfterMs: 1,
    onEvent: () => undefined,
    cluster: {
      leader: async () => ({ name: leader, pid: 1 }),
      kill: async (name, signal) => {
        steps.push(`kill ${name} ${signal}`)
        leader = 'n3'
      },
      restart: async (name) => void steps.push(`restart ${name}`),
      whenReady: async () => void steps.push('ready'),
    },
  })
  await kill.act()
  t.strictSame(steps, ['kill n1 SIGKILL', 'restart n1', 'ready'])
  t.match(kill.report, { victim: 'n1', successor: 'n3' })
})
