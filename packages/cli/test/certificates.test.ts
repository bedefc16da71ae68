import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseConfig } from '@tranca/node'
import t from 'tap'
import { parse } from 'yaml'
import { exitCodes } from '../src/exit-codes.ts'
import { run } from '../src/run.ts'
import { memoryIo, tranca } from './kit.ts'

const DAY_MS = 86_400_000

t.setTimeout(300_000)
const NOW_MS = Date.parse('2026-11-22T12:00:00Z')
const configs = fileURLToPath(new URL('../../../../cluster-configs', import.meta.url))

async function ran(args: readonly string[], nowMs = NOW_MS) {
  const io = memoryIo({}, () => nowMs)
  return { code: await run(args, io), out: io.out(), err: io.err() }
}

async function json<T>(args: readonly string[], nowMs = NOW_MS): Promise<T> {
  const { code, out, err } = await ran([...args, '-o', 'json'], nowMs)
  if (code !== 0) throw new Error(err)
  return JSON.parse(out) as T
}

const certificate = (file: string) => new X509Certificate(readFileSync(file))
const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8)
const threeMembers = ['--cluster', 'erp', '--members', 'n1=10.0.0.1,n2=erp2.example.com,n3=fd00::3']

await t.test('init makes all that a cluster needs, and prints the lines to paste', async (t) => {
  const folder = join(t.testdir(), 'certs')
  const { code, out, err } = await ran(['cert', 'init', folder, ...threeMembers, '--also', '10.0.0.9'])
  t.equal(code, 0, err)
  const ca = certificate(join(folder, 'ca.crt'))
  t.ok(ca.ca)
  t.equal(ca.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  const n1 = certificate(join(folder, 'members', 'n1.crt'))
  const n2 = certificate(join(folder, 'members', 'n2.crt'))
  for (const one of [n1, n2]) t.ok(one.checkIssued(ca) && one.verify(ca.publicKey) && !one.ca)
  t.ok(n1.checkIP('10.0.0.1') && n1.checkIP('10.0.0.9') && n1.checkHost('localhost') && n1.checkHost('erp'))
  t.ok(n2.checkHost('erp2.example.com') && !n2.checkIP('10.0.0.1'))
  t.ok(certificate(join(folder, 'members', 'n3.crt')).checkIP('fd00::3'))
  t.match(n2.subjectAltName, /URI:tranca:\/\/erp\/member\/2$/)
  t.equal(certificate(join(folder, 'clients', 'admin.crt')).subjectAltName, 'URI:tranca://erp/admin/admin')
  for (const key of ['offline/ca.key', 'members/n1.key', 'clients/admin.key']) {
    if (process.platform !== 'win32') t.equal(modeOf(join(folder, key)), '600', key)
    t.match(readFileSync(join(folder, key), 'utf8'), /^-----BEGIN PRIVATE KEY-----\n/)
  }
  t.notOk(readdirSync(join(folder, 'members')).some((name) => name.endsWith('.new')))
  t.match(err, /IMPORTANT: .*offline.ca\.key.*offline/s)
  const [, pasted = ''] = out.split('# n1\n')
  const member = (id: number, host: string) => {
    return { id, name: `n${id}`, peer: `${host}:5655`, client: `${host}:5555` }
  }
  const base = {
    cluster: 'erp',
    id: 1,
    data: 'data',
    members: [member(1, '10.0.0.1'), member(2, '10.0.0.2')],
  }
  const config = parseConfig(
    `${JSON.stringify(base).slice(0, -1)}, ${JSON.stringify(parse(pasted.split('# n2')[0]!)).slice(1)}`,
    '/x.yml',
  )
  t.equal(config.tls?.key, join(folder, 'members', 'n1.key'))
})

await t.test('members are read from a configuration whose certificates are still to be made', async (t) => {
  const folder = join(t.testdir(), 'certs')
  const file = join(configs, 'three-nodes-tls', 'n1.yml')
  const made = await json<{ cluster: string; members: { name: string }[] }>([
    'cert',
    'init',
    folder,
    '--config',
    file,
  ])
  t.equal(made.cluster, 'three-nodes-tls')
  t.same(
    made.members.map((one) => one.name),
    ['n1', 'n2', 'n3'],
  )
  t.ok(certificate(join(folder, 'members', 'n3.crt')).checkIP('127.0.0.1'))
})

await t.test('nothing is written over unless it is said, and a mistake leaves nothing behind', async (t) => {
  const folder = join(t.testdir(), 'certs')
  for (const bad of [
    ['--cluster', 'erp'],
    ['--members', 'n1=10.0.0.1'],
    ['--cluster', 'e/rp', '--members', 'n1=10.0.0.1'],
    ['--cluster', 'erp', '--members', 'n1'],
    ['--cluster', 'erp', '--members', 'n1=10.0.0.1:5555'],
    ['--cluster', 'erp', '--members', 'n1=a b'],
    [...threeMembers, '--days', '0'],
    [...threeMembers, '--config', 'x.yml'],
    ['--config', 'no-such-file.yml'],
  ]) {
    t.equal((await ran(['cert', 'init', folder, ...bad])).code, exitCodes.usage, bad.join(' '))
    t.notOk(existsSync(folder), bad.join(' '))
  }
  await json(['cert', 'init', folder, ...threeMembers])
  const key = readFileSync(join(folder, 'offline', 'ca.key'), 'utf8')
  const again = await ran(['cert', 'init', folder, ...threeMembers])
  t.equal(again.code, exitCodes.usage)
  t.match(again.err, /ca\.crt exists.*--force/)
  t.equal(readFileSync(join(folder, 'offline', 'ca.key'), 'utf8'), key)
  await json(['cert', 'client', folder, 'erp-1', '--role', 'client'])
  t.equal((await ran(['cert', 'client', folder, 'erp-1', '--role', 'client'])).code, exitCodes.usage)
  t.equal((await ran(['cert', 'client', folder, 'erp-1', '--role', 'client', '--force'])).code, 0)
  t.equal((await ran(['cert', 'client', folder, '../erp', '--role', 'client'])).code, exitCodes.usage)
  t.equal((await ran(['cert', 'client', folder, 'x'])).code, exitCodes.usage, 'a role is always said')
  t.equal((await ran(['cert', 'client', folder, 'x', '--role', 'root'])).code, exitCodes.usage)
})

await t.test(
  'a certificate is renewed with the key and the names that it had, and not beyond its authority',
  async (t) => {
    const folder = join(t.testdir(), 'certs')
    await json(['cert', 'init', folder, ...threeMembers])
    await json(['cert', 'member', folder, 'n4', '--id', '4', '--hosts', '10.0.0.4,erp4.example.com'])
    const file = join(folder, 'members', 'n4.crt')
    const before = certificate(file)
    const laterMs = NOW_MS + 700 * DAY_MS
    await json(['cert', 'renew', folder, file], laterMs)
    const after = certificate(file)
    t.equal(after.subjectAltName, before.subjectAltName)
    t.same(after.keyUsage, before.keyUsage)
    t.same(after.publicKey.export({ format: 'jwk' }), before.publicKey.export({ format: 'jwk' }))
    t.not(after.serialNumber, before.serialNumber)
    t.equal(Date.parse(after.validTo), laterMs + 730 * DAY_MS)
    t.ok(after.verify(certificate(join(folder, 'ca.crt')).publicKey))
    await json(['cert', 'renew', folder, file, '--days', '3650'], laterMs)
    t.equal(certificate(file).validTo, certificate(join(folder, 'ca.crt')).validTo)
    const other = join(folder, '..', 'other')
    await json(['cert', 'init', other, '--cluster', 'other', '--members', 'n1=10.0.0.1'])
    const foreign = await ran(['cert', 'renew', folder, join(other, 'members', 'n1.crt')])
    t.equal(foreign.code, exitCodes.usage)
    t.match(foreign.err, /not for a member or client of erp/)
    t.equal((await ran(['cert', 'renew', folder, join(folder, 'ca.crt')])).code, exitCodes.usage)
    writeFileSync(join(folder, 'offline', 'ca.key'), readFileSync(join(other, 'offline', 'ca.key')))
    const mixed = await ran(['cert', 'client', folder, 'x', '--role', 'client'])
    t.equal(mixed.code, exitCodes.usage)
    t.match(mixed.err, /not the one of its certificate/)
    writeFileSync(join(folder, 'offline', 'ca.key'), 'garbage-that-is-secret')
    const broken = await ran(['cert', 'client', folder, 'x', '--role', 'client'])
    t.equal(broken.code, exitCodes.usage)
    t.notMatch(broken.err, /garbage/)
  },
)

await t.test('show says for whom and until when; one that is not valid now is exit code 1', async (t) => {
  const folder = join(t.testdir(), 'certs')
  await json(['cert', 'init', folder, ...threeMembers, '--days', '10'])
  const file = join(folder, 'members', 'n1.crt')
  const [shown] = await json<{ daysLeft: number; valid: boolean; names: string }[]>(['cert', 'show', file])
  t.match(shown, { daysLeft: 10, valid: true, names: /member\/1/ })
  const late = await ran(['cert', 'show', file, join(folder, 'ca.crt')], NOW_MS + 11 * DAY_MS)
  t.equal(late.code, exitCodes.refused)
  t.match(late.out, /member\/1 .* no /)
  const key = await ran(['cert', 'show', join(folder, 'members', 'n1.key')])
  t.equal(key.code, exitCodes.usage)
  t.match(key.err, /n1\.key: no certificate/)
})

await t.test('a new token is shown once, and the configuration gets its hash only', async (t) => {
  const folder = t.testdir()
  const made = await json<{ token: string; entry: { sha256: string } }>([
    'token',
    'new',
    'erp-1',
    '--role',
    'client',
  ])
  t.match(made.token, /^tranca-[\w-]{43}$/)
  t.match(made.entry, { name: 'erp-1', role: 'client', sha256: /^[0-9a-f]{64}$/ })
  const file = join(folder, 'erp-1.token')
  const { out, code } = await ran(['token', 'new', 'erp-1', '--role', 'client', '--out', file])
  t.equal(code, 0)
  const token = readFileSync(file, 'utf8').trim()
  if (process.platform !== 'win32') t.equal(modeOf(file), '600')
  t.notMatch(out, token)
  const base = {
    cluster: 'erp',
    id: 1,
    data: 'd',
    members: [{ id: 1, name: 'n1', peer: '127.0.0.1:1', client: '127.0.0.1:2' }],
  }
  const { access } = parseConfig(JSON.stringify({ ...base, ...(parse(out) as object) }), '/x.yml')
  t.match(access.tokens, [{ name: 'erp-1', role: 'client' }])
  t.equal((await ran(['token', 'new', 'erp-1', '--role', 'client', '--out', file])).code, exitCodes.usage)
  t.equal(readFileSync(file, 'utf8').trim(), token)
})

await t.test('a member does not start with the certificate of another, or with a foreign key', async (t) => {
  const folder = t.testdir()
  const certs = join(folder, 'certs')
  await json(
    ['cert', 'init', certs, '--cluster', 'erp', '--members', 'n1=127.0.0.1,n2=127.0.0.1'],
    Date.now(),
  )
  const start = async (cert: string, key: string) => {
    const file = join(folder, 'n1.yml')
    const member = { id: 1, name: 'n1', peer: '127.0.0.1:1', client: '127.0.0.1:2' }
    const tls = { ca: join(certs, 'ca.crt'), cert: join(certs, cert), key: join(certs, key) }
    writeFileSync(file, JSON.stringify({ cluster: 'erp', id: 1, data: 'data', members: [member], tls }))
    return tranca(['node', 'start', '--config', file], { state: folder })
  }
  const other = await start('members/n2.crt', 'members/n2.key')
  t.equal(other.code, exitCodes.usage)
  t.match(other.stderr, /tls\.cert: .*tranca:\/\/erp\/member\/2, expected tranca:\/\/erp\/member\/1/)
  const foreign = await start('members/n1.crt', 'members/n2.key')
  t.equal(foreign.code, exitCodes.usage)
  t.match(foreign.stderr, /n1\.crt with .*n2\.key/)
  const absent = await start('members/n9.crt', 'members/n1.key')
  t.equal(absent.code, exitCodes.usage)
  t.match(absent.stderr, /tls\.cert: .*n9\.crt/)
  t.notOk(existsSync(join(folder, 'data')), 'no directory is made for a node that cannot start')
})
