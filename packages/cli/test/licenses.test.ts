import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, RefusedError } from '@tranca/client'
import { type EmergencyKey, generateKeyPair, type Product } from '@tranca/license-key'
import t from 'tap'
import { exitCodes } from '../src/exit-codes.ts'
import { explain } from '../src/explain.ts'
import { parseMoment } from '../src/moments.ts'
import { run } from '../src/run.ts'
import { Texts } from '../src/texts/index.ts'
import { memoryIo, startTestCluster, tranca, trancaJson, until } from './kit.ts'
import { dateIn, fullProduct, licenseKey, writeKeyFile } from './license-key-kit.ts'

const DAY_MS = 86_400_000
const vendor = generateKeyPair()
const state = t.testdir({ 'vendor.pem': vendor.publicKeyPem })
const vendorKey = join(state, 'vendor.pem')

const full: Product = { ...fullProduct(2), consumerKey: ['user', 'group'] }
const named: Product = { id: 4_016, name: 'Intera', nature: 'named', quantity: 2, consumerKey: ['user'] }
const metered: Product = { id: 4_177, name: 'HR', nature: 'onDemand', quantity: 500, metric: 'employees' }

function keyFile(serial: number, products: readonly Product[], days = 90): string {
  const features = [{ id: 'fiscal', name: 'Fiscal', products: [4_000] }]
  return writeKeyFile(state, licenseKey({ serial, products, features, validUntil: dateIn(days) }), vendor)
}

const first = keyFile(1, [full, named, metered])
const second = keyFile(2, [{ ...full, quantity: 1 }, named], 60)

// Real processes on a machine that may be busy: the deadlines within are what bounds a test.
t.setTimeout(300_000)
const cluster = await startTestCluster(join(state, 'cluster'), 1, vendorKey)
t.teardown(() => cluster.close())
const here = { state, addresses: cluster.addresses }

await t.test('a key file is checked and read without a cluster', async (t) => {
  const ran = await tranca(['key', 'verify', first, '--vendor-key', vendorKey], { state })
  t.equal(ran.code, 0, ran.stderr)
  t.match(ran.stdout, /License 1 for 'Example' \(0001\), installation example-1/)
  t.match(ran.stdout, /4000 +Full +concurrent +2/)
  t.match(ran.stdout, new RegExp(`Signed by vendor key ${vendor.keyId}`))
  const unchecked = await trancaJson<{ signature: string; state: string }>(['key', 'verify', first], {
    state,
  })
  t.match(unchecked, { signature: 'unchecked', state: 'valid' })
  const other = join(state, 'other.pem')
  writeFileSync(other, generateKeyPair().publicKeyPem)
  const foreign = await tranca(['key', 'verify', first, '--vendor-key', other], { state })
  t.equal(foreign.code, exitCodes.refused)
  t.match(foreign.stderr, new RegExp(`signed by vendor key "${vendor.keyId}"`))
  const broken = join(state, 'broken.key')
  writeFileSync(broken, 'nonsense')
  t.match((await tranca(['key', 'verify', broken], { state })).stderr, /The key file is damaged: file is/)
  t.equal((await tranca(['key', 'verify', join(state, 'absent')], { state })).code, exitCodes.usage)
})

await t.test('a key is installed once it was said what changes, and somebody said yes', async (t) => {
  t.match((await tranca(['key', 'show'], here)).stdout, /No key is installed/)
  t.match((await tranca(['license', 'list'], here)).stdout, /No key is installed/)
  const dry = await tranca(['key', 'install', first, '--dry-run'], here)
  t.equal(dry.code, 0, dry.stderr)
  t.match(dry.stdout, /Added: 4000 Full, 4016 Intera, 4177 HR\./)
  t.match(dry.stderr, /Nothing was changed/)
  const unasked = await tranca(['key', 'install', first], here)
  t.equal(unasked.code, exitCodes.usage)
  t.match(unasked.stderr, /Install key 1\? Add --yes/)
  const done = await tranca(['key', 'install', first, '--yes'], here)
  t.equal(done.code, 0, done.stderr)
  t.match(done.stderr, /Key 1 is installed: valid/)
  const again = await tranca(['key', 'install', first, '--yes', '--lang', 'pt-BR'], here)
  t.equal(again.code, exitCodes.refused)
  t.match(again.stderr, /A chave 1 já foi instalada/)
  t.match(await trancaJson(['key', 'show'], here), { serial: 1, body: { customer: { name: 'Example' } } })
  t.match((await tranca(['key', 'show'], here)).stdout, /Key 1 of 'Example': valid, until/)
})

await t.test(
  'a key that is over is refused with its date, and one for another day with its day',
  async (t) => {
    const emergency = (serial: number, day: string): string => {
      const about = {
        format: 1,
        kind: 'emergency',
        installationId: 'example-1',
        utcOffsetMinutes: 0,
      } as const
      const key: EmergencyKey = { ...about, serial, day, number: 1 }
      return writeKeyFile(state, key, vendor)
    }
    const refused = async (file: string, ...more: string[]): Promise<string> => {
      const environment = { XDG_STATE_HOME: state, TRANCA_ADDRESSES: cluster.addresses.join(',') }
      const io = memoryIo(environment, () => Date.now())
      t.equal(await run(['key', 'install', file, ...more], io), exitCodes.refused)
      t.equal(io.out(), '')
      return io.err()
    }
    const over = keyFile(20, [full], -2)
    for (const how of ['--dry-run', '--yes']) {
      const told = await refused(over, how)
      t.match(told, `The key was valid until ${dateIn(-2)}, and by the calendar of the cluster it is `)
      t.match(told, /it is \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\. Ask the vendor for a renewed one/)
    }
    t.match(
      await refused(over, '--yes', '--lang', 'pt-BR'),
      `A chave valia até ${dateIn(-2)}, e pelo calendário`,
    )
    for (const days of [-2, 2]) {
      const file = emergency(30 + days, dateIn(days))
      for (const how of ['--dry-run', '--yes']) {
        t.match(await refused(file, how), `The emergency key is good on ${dateIn(days)} only`)
      }
      t.match(
        await refused(file, '--yes', '--lang', 'pt-BR'),
        `vale só em ${dateIn(days)}, e pelo calendário`,
      )
    }
    t.match(await trancaJson(['key', 'show'], here), { serial: 1 }, 'what was installed stays')
  },
)

await t.test('who is asked at a terminal may say no', async (t) => {
  const asked: string[] = []
  for (const [answer, code] of [
    ['n', exitCodes.usage],
    ['', exitCodes.usage],
  ] as const) {
    const io = {
      ...memoryIo({ TRANCA_ADDRESSES: cluster.addresses.join(',') }),
      ask: async (question: string) => {
        asked.push(question)
        return answer
      },
    }
    t.equal(await run(['key', 'install', second], io), code)
    t.match(io.err(), /Nothing was done/)
  }
  t.match(asked, ['Install key 2? [y/N] ', 'Install key 2? [y/N] '])
  t.match(await trancaJson(['key', 'show'], here), { serial: 1 })
})

await t.test('tables and explanations say who has what, and why there is no more', async (t) => {
  const session = await connect({ addresses: cluster.addresses, namespace: 'production', client: 'erp-1' })
  t.teardown(() => session.close({ deadlineMs: 1_000 }))
  await session.owner('u1').license('fiscal', { user: 'ana', group: '01', host: 'ws-1' })
  const free = await tranca(['license', 'explain', 'fiscal', '--user', 'bia', '--group', '01'], here)
  t.equal(free.code, 0, free.stderr)
  t.match(free.stdout, /It would be granted now: product 4000, in use/)
  const bia = await session.owner('u2').license('fiscal', { user: 'bia', group: '01' })
  const full = await tranca(['license', 'explain', 'fiscal', '--user', 'carla'], here)
  t.equal(full.code, exitCodes.refused)
  t.match(full.stdout, /No unit is free: Full \(4000\) 2\/2\. Held by .*'ana' \(u1 of erp-1, session \d+/)
  t.match(full.stdout, /4000 +Full +2 +2 .*exhausted/)
  t.match(full.stdout, /ana +01 +ws-1 +4000 +u1 +erp-1/)
  t.match(
    (await tranca(['license', 'explain', 'fiscal', '--user', 'carla', '--lang', 'pt-BR'], here)).stdout,
    /Nenhuma unidade livre: Full \(4000\) 2\/2\. Com .*'ana' \(u1 de erp-1/,
  )
  t.match(await trancaJson(['license', 'list', '--installation', 'production'], here), {
    products: [{ product: 4_000, used: 2, available: 0 }],
    validity: { state: 'valid' },
  })
  const list = (await tranca(['license', 'list'], here)).stdout
  t.match(list, /4000 +Full +concurrent +production +2 +2 +0/)
  t.match(list, /homologation/, 'homologation has its own')
  t.notMatch(list, /development/, 'a type without units is not shown')
  const grants = await trancaJson<{ grant: number; user: string }[]>(
    ['license', 'grants', '--user', 'bia'],
    here,
  )
  t.match(grants, [{ grant: bia.grant, user: 'bia' }])
  t.match((await tranca(['license', 'grants'], here)).stdout, /ana +01 +ws-1 +u1 +erp-1/)
  const refused = await session
    .owner('u3')
    .license('fiscal', { user: 'carla' })
    .catch((error: unknown) => error)
  t.match(refused, { code: 'exhausted' })
  t.match((await tranca(['license', 'denials'], here)).stdout, /exhausted +fiscal +4000 +carla/)
  const release = [
    'license',
    'release',
    String(bia.grant),
    '--reason',
    'left for the day',
    '--cool-down',
    '10m',
  ]
  t.match((await tranca(release, here)).stderr, /Grant \d+ and all that share its unit will end/)
  const released = await tranca([...release, '--yes'], here)
  t.equal(released.code, 0, released.stderr)
  t.match(released.stderr, /has ended: 1 in all/)
  t.match((await tranca([...release, '--yes'], here)).stderr, /There is no grant \d+/)
  const cooling = await tranca(['license', 'explain', 'fiscal', '--user', 'bia', '--group', '01'], here)
  t.match(cooling.stdout, /taken back by force/)
})

await t.test('use and refusals are reported, as tables and as files', async (t) => {
  const rows = await trancaJson<{ key: string; checkouts: number; denied: number }[]>(
    ['license', 'usage'],
    here,
  )
  t.match(
    rows.find(({ key }) => key === '4000'),
    { checkouts: 2, denied: 1, peak: 2, denials: { exhausted: 1 } },
  )
  const csv = await tranca(['license', 'usage', '--by', 'user', '--export', 'csv'], here)
  t.match(csv.stdout, /^user,name,unitMs,checkouts,peak,peakConnections,denied,denials\r\n/)
  t.match(csv.stdout, /\r\nana,/)
  const top = await trancaJson<{ key: string }[]>(['license', 'top', '--count', '1'], here)
  t.match(top, [{ key: 'ana' }])
  t.equal(top.length, 1)
  const report = await trancaJson<{ products: { product: number }[] }>(['license', 'report'], here)
  t.match(
    report.products.find(({ product }) => product === 4_000),
    { name: 'Full', total: 2, checkouts: 2, denied: 1 },
  )
  const table = (await tranca(['license', 'report', '--lang', 'pt-BR'], here)).stdout
  t.match(table, /Chave 1 de 'Example': válida, até/)
  t.match(table, /Picos até agora: 2 unidades/)
  t.match((await tranca(['license', 'report', '--export', 'csv'], here)).stdout, /4000,Full,2,0,2,2,/)
})

await t.test('metrics, named users and rules are set from the command line', async (t) => {
  t.match((await tranca(['license', 'metric', '4177', '480'], here)).stderr, /Product 4177: 480 of 500/)
  const over = await tranca(['license', 'metric', '4177', '501'], here)
  t.equal(over.code, exitCodes.refused)
  t.match(over.stderr, /over its limit: 4177 480\/500/)
  t.match(
    (await tranca(['license', 'metric', '4000', '1'], here)).stderr,
    /product 4000, which is concurrent/,
  )
  t.match(await trancaJson(['license', 'assign', '4016', 'ana'], here), { assigned: 1, total: 2 })
  t.match((await tranca(['license', 'unassign', '4016', 'ana'], here)).stderr, /0 of 2 assigned/)
  const file = join(state, 'rules.yml')
  writeFileSync(
    file,
    '- { kind: max, product: 4000, subject: { type: host, value: integration }, amount: 0 }\n- { kind: idle, ms: 60000 }\n',
  )
  t.match((await tranca(['license', 'rules', '--set', file], here)).stderr, /replaced by 2; .*Add --yes/)
  const set = await tranca(['license', 'rules', '--set', file, '--yes'], here)
  t.equal(set.code, 0, set.stderr)
  const rules = await trancaJson<{ version: number; rules: object[] }>(['license', 'rules'], here)
  t.match(rules, {
    version: 1,
    rules: [
      { kind: 'max', amount: 0 },
      { kind: 'idle', product: 0, ms: 60_000 },
    ],
  })
  t.match((await tranca(['license', 'rules'], here)).stdout, /max 0 for host integration +4000/)
  const explained = await tranca(['license', 'explain', '4000', '--user', 'x', '--host', 'integration'], here)
  t.match(explained.stdout, /allows no more: max 0 for host integration \(product 4000\)/)
  const stale = join(state, 'stale.json')
  writeFileSync(stale, JSON.stringify({ version: 0, rules: [] }))
  const late = await tranca(['license', 'rules', '--set', stale, '--yes'], here)
  t.equal(late.code, exitCodes.refused)
  t.match(late.stderr, /Someone else has changed it.* version 1 is in force/)
  const days = async (usageDays: unknown) => {
    writeFileSync(file, JSON.stringify({ usageDays, rules: rules.rules }))
    return await trancaJson(['license', 'rules', '--set', file, '--yes'], here)
  }
  await t.rejects(days('ten'), /usageDays: 'ten', expected 0 to 90/)
  await t.rejects(days(91), /usageDays/)
  t.match(await days(7), { version: 2 })
  t.match((await tranca(['license', 'usage'], here)).stdout, /kept for 7 days/)
  t.match(await trancaJson(['license', 'rules'], here), { version: 2, usageDays: 7, rules: rules.rules })
})

await t.test('a smaller key says what falls below its use, and ends nobody', async (t) => {
  const session = await connect({ addresses: cluster.addresses, namespace: 'production', client: 'erp-1' })
  t.teardown(() => session.close({ deadlineMs: 1_000 }))
  for (const user of ['dora', 'eva']) await session.owner(user).license(4_000, { user })
  const dry = await tranca(['key', 'install', second, '--dry-run'], here)
  t.equal(dry.code, 0, dry.stderr)
  t.match(dry.stdout, /Removed: 4177 HR\./)
  t.match(dry.stdout, /Changed: 4000 Full\./)
  t.match(dry.stdout, /^ {2}4000 quantity: \d+ -> 1$/m)
  t.match(dry.stdout, /^ {2}validUntil: \d{4}-\d\d-\d\d -> \d{4}-\d\d-\d\d$/m, 'an earlier end is said')
  t.match(dry.stdout, /Below what is in use: 4000 Full, production: 2 in use, 1 left/)
  t.match(await trancaJson(['key', 'install', second, '--yes'], here), { installed: true, serial: 2 })
  t.equal((await trancaJson<object[]>(['license', 'grants'], here)).length, 2)
  t.match(await trancaJson(['key', 'history'], here), [{ serial: 1 }, { serial: 2, removed: [4_177] }])
})

await t.test('a leader that is killed takes no unit with it', async (t) => {
  const three = await startTestCluster(join(state, 'three'), 3, vendorKey)
  t.teardown(() => three.close())
  const there = { state, addresses: three.addresses }
  await trancaJson(['key', 'install', first, '--yes'], there)
  const session = await connect({ addresses: three.addresses, namespace: 'production', ttlMs: 60_000 })
  t.teardown(() => session.close({ deadlineMs: 1_000 }))
  const ana = await session.owner('u1').license('fiscal', { user: 'ana', group: '01' })
  const shared = await session.owner('u2').license('fiscal', { user: 'ana', group: '01' })
  t.equal(shared.status, 'waived')
  await session.owner('u3').license('fiscal', { user: 'bia', group: '01' })
  const waiting = session.owner('u4').license('fiscal', { user: 'carla', group: '01', waitMs: 300_000 })
  await until('the wait', async () => {
    const list = await trancaJson<{ products: { queued: number }[] }>(['license', 'list'], there)
    return list.products.some(({ queued }) => queued === 1)
  })
  const before = await trancaJson<object[]>(['license', 'grants'], there)
  t.equal(before.length, 3)
  const usage = await trancaJson<{ checkouts: number }[]>(['license', 'usage'], there)
  await three.kill((await three.leader()).name)
  t.same(await trancaJson(['license', 'grants'], there), before)
  const after = await trancaJson<{ checkouts: number }[]>(['license', 'usage'], there)
  t.match(after[0], { checkouts: usage[0]?.checkouts }, 'the usage log survives as well')
  t.equal(await shared.release(), 'shared', 'somebody else has the unit still')
  t.equal(await ana.release(), 'released')
  t.match(await waiting, { owner: 'u4', status: 'inUse' })
})

await t.test('moments are days, instants, or how long ago', (t) => {
  const now = Date.UTC(2026, 10, 22, 12)
  t.equal(parseMoment('--from', '24h', now), now - DAY_MS)
  t.equal(parseMoment('--from', '7d', now), now - 7 * DAY_MS)
  t.equal(parseMoment('--from', '2026-11-22T09:00:00Z', now), now - 3 * 3_600_000)
  t.equal(parseMoment('--from', '2026-11-22', now), new Date(2026, 10, 22).getTime())
  for (const text of ['', 'yesterday', '2026-13-01', '7w', '-1d']) {
    t.throws(() => parseMoment('--from', text, now), /--from: .*expected a day/, text)
  }
  t.end()
})

await t.test('refusals of licenses have all their words filled in, whatever the detail lacks', async (t) => {
  const { ledgerCauses } = (await import(import.meta.resolve('@tranca/protocol'))) as {
    ledgerCauses: Record<string, string>
  }
  const detail = { cause: '', feature: 'fiscal', tried: [], holders: [], queued: 0 }
  for (const cause of ['exhausted', 'notInContract', 'notDistributed', 'overMax', 'excluded', 'coolDown']) {
    t.ok(Object.hasOwn(ledgerCauses, cause))
    for (const language of ['en', 'pt-BR'] as const) {
      const { text } = explain(new RefusedError('license.checkout', cause, detail), new Texts(language))
      t.notMatch(text, /\?/, text)
    }
  }
  const away = { session: 0, client: '', owner: '', user: 'carla', sinceMs: Date.UTC(2026, 10, 22) }
  const named = explain(new RefusedError('x', 'exhausted', { ...detail, holders: [away] }), new Texts('en'))
  t.match(named.text, /Held by 'carla' \(not connected, since 2026-11-2/)
  const hostile = { ...detail, tried: [{ product: 1, name: 'a\u001b[2Jb', used: 1, total: 1 }] }
  t.notOk(explain(new RefusedError('x', 'exhausted', hostile), new Texts('en')).text.includes('\u001b'))
})
