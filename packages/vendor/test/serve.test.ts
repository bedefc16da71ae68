import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { generateKeyPair, verifyValidation } from '@tranca/license-key'
import t from 'tap'
import { type Register, revoke, startValidationServer, validate } from '../src/index.ts'
import { BIN, issued, must, noon, runAt } from './kit.ts'

const vendor = generateKeyPair()
const nonce = '0123456789abcdef0123456789abcdef'
const request = { installationId: 'acme', serial: 1, cluster: 'erp', nonce }
const { register } = issued('2026-01-10')
const revoked = (reason: string | undefined, from: Register = register): Register =>
  must(revoke({ register: from, installationId: 'acme', reason, nowMs: noon('2026-02-01') })).register

await t.test('an installation is validated unless unknown, revoked or over', async (t) => {
  const nowMs = noon('2026-02-01')
  t.match(validate(register, request, nowMs), { ok: true, body: { nonce, serial: 1 } })
  const code = (of: Register, change: object = {}, at = nowMs): unknown =>
    validate(of, { ...request, ...change }, at)
  t.match(code(register, { installationId: 'other' }), { ok: false, code: 'unknownInstallation' })
  t.match(code(register, { serial: 2 }), { ok: false, code: 'unknownSerial' })
  t.match(code(register, {}, noon('2026-12-01')), { ok: false, code: 'ended' })
  t.match(code(revoked('not paid')), { ok: false, code: 'revoked', reason: 'not paid' })
  t.match(code(revoked(undefined, revoked('not paid'))), { ok: true })
  const renewed = issued('2026-03-01', {}, register).register
  t.match(code(renewed), { ok: true }, 'the key before a renewal works on')
  const again = issued('2026-03-01', {}, revoked('not paid')).register
  t.match(code(again, { serial: 2 }), { code: 'revoked' }, 'a new key does not lift it')
})

await t.test('the server signs its answers, and gives a reason otherwise', async (t) => {
  let now = register
  const lines: string[] = []
  const server = await startValidationServer({
    host: '127.0.0.1',
    port: 0,
    privateKeyPem: vendor.privateKeyPem,
    register: () => now,
    now: () => noon('2026-02-01'),
    log: (line) => void lines.push(line),
  })
  t.teardown(() => server.close())
  const ask = async (body: string, method = 'POST') => {
    const url = `http://127.0.0.1:${server.port}/`
    const response = await fetch(url, method === 'POST' ? { method, body } : { method })
    return { status: response.status, data: (await response.json()) as unknown }
  }
  const good = await ask(JSON.stringify(request))
  t.equal(good.status, 200)
  t.match(verifyValidation(good.data, vendor.publicKeyPem), {
    ok: true,
    body: { installationId: 'acme', serial: 1, nonce, validatedAt: '2026-02-01T15:00:00.000Z' },
  })
  now = revoked('not paid')
  t.match(await ask(JSON.stringify(request)), {
    status: 403,
    data: { error: { code: 'revoked', message: 'not paid' } },
  })
  t.match(await ask('{'), { status: 400, data: { error: { code: 'badRequest' } } })
  t.match(await ask(JSON.stringify({ ...request, nonce: '1' })), { status: 400 })
  t.match(await ask('', 'GET'), { status: 405 })
  t.match(await ask(' '.repeat(300_000)), { status: 413 })
  t.same(lines, ['acme serial 1 (erp): validated', 'acme serial 1 (erp): revoked'])
})

await t.test(
  'usage that is sent is kept if wanted, once a day and product, and cannot fill the disk',
  async (t) => {
    const directory = t.testdir()
    const nowMs = noon('2026-02-01')
    const lines: string[] = []
    const serve = (usageDirectory: string | undefined) =>
      startValidationServer({
        host: '127.0.0.1',
        port: 0,
        privateKeyPem: vendor.privateKeyPem,
        register: () => register,
        now: () => nowMs,
        log: (line) => void lines.push(line),
        usageDirectory,
      })
    const product = register.installations[0]!.license.products[0]!.id
    const row = { day: '2026-01-31', product, unitMs: 1_000, checkouts: 2, peak: 1, denied: 0 }
    const ask = async (port: number, usage: unknown, change: object = {}) => {
      const body = JSON.stringify({ ...request, ...change, usage })
      return (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body })).status
    }
    const keeping = await serve(directory)
    t.teardown(() => keeping.close())
    const kept = () => JSON.parse(readFileSync(join(directory, 'acme.usage.json'), 'utf8')) as unknown
    t.equal(await ask(keeping.port, [row, { ...row, day: '2026-01-30' }]), 200)
    t.same(kept(), [{ ...row, day: '2026-01-30' }, row])
    t.equal(await ask(keeping.port, [{ ...row, peak: 2 }]), 200)
    t.same(
      kept(),
      [
        { ...row, day: '2026-01-30' },
        { ...row, peak: 2 },
      ],
      'again: replaced',
    )
    const strange = [
      { ...row, day: '2999-01-01' },
      { ...row, day: '2020-01-01' },
      { ...row, product: 77_777 },
    ]
    t.equal(await ask(keeping.port, strange), 200)
    t.equal((kept() as unknown[]).length, 2, 'neither the future nor long ago nor what it has not')
    t.equal(await ask(keeping.port, [{ ...row, user: 'ana' }]), 400, 'nobody is named')
    t.equal(await ask(keeping.port, Array(1_001).fill(row)), 400)
    t.equal(await ask(keeping.port, [row], { installationId: 'other' }), 403)
    t.same(readdirSync(directory), ['acme.usage.json'])
    writeFileSync(join(directory, 'acme.usage.json'), 'nonsense')
    t.equal(await ask(keeping.port, [row]), 200, 'trouble at the desk is not the installation’s')
    t.match(lines.at(-1), /usage of acme is not kept/)
    const ignoring = await serve(undefined)
    t.teardown(() => ignoring.close())
    t.equal(await ask(ignoring.port, [row]), 200)
  },
)

await t.test('tranca-vendor serve follows the register, and says when its port is taken', async (t) => {
  const directory = t.testdir({ 'register.json': '' })
  const file = (name: string): string => join(directory, name)
  t.equal(runAt(0, ['keypair', '--out', directory]).code, 0)
  const today = new Date().toISOString().slice(0, 10)
  const save = (register: Register): void => writeFileSync(file('register.json'), JSON.stringify(register))
  save(issued(today).register)
  const env = {
    PATH: process.env.PATH ?? '',
    TRANCA_VENDOR_REGISTER: file('register.json'),
    TRANCA_VENDOR_PRIVATE_KEY: file('vendor-private.pem'),
  }
  const child = spawn(process.execPath, [BIN, 'serve', '--port', '0'], { env })
  t.teardown(() => child.kill())
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const url = line.toString().trim()
  const post = async (): Promise<number> =>
    (await fetch(url, { method: 'POST', body: JSON.stringify(request) })).status
  t.equal(await post(), 200)
  const args = ['revoke', '--installation', 'acme']
  t.match(runAt(noon(today), [...args, '--reason', 'not paid'], env), { code: 0 })
  t.equal(await post(), 403)
  t.match(runAt(noon(today), [...args, '--lift'], env), { code: 0 })
  t.equal(await post(), 200)
  t.match(runAt(noon(today), args, env), { code: 2 })

  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  const second = spawn(process.execPath, [BIN, 'serve', '--port', String(port), '--json'], { env })
  const [[text], [code]] = (await Promise.all([once(second.stderr, 'data'), once(second, 'exit')])) as [
    [Buffer],
    [number],
  ]
  t.match(JSON.parse(text.toString()), { error: { code: 'LISTEN_FAILED' } })
  t.equal(code, 7)
  t.match(runAt(0, ['serve', '--port', '70000'], env), { code: 2 })
})
