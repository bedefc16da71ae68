import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type KeyBody, parseKeyFile, verifyKey } from '@tranca/license-key'
import t, { type Test } from 'tap'
import { createProgram } from '../src/program.ts'
import { at, developmentOrder, noon, order, type Ran, runAt, splitPlan, start } from './kit.ts'

interface Desk {
  readonly directory: string
  readonly file: (name: string) => string
  readonly env: Record<string, string>
  run(day: string, ...args: string[]): Ran
}

/** A desk with a key pair and an order file. */
function desk(t: Test): Desk {
  const directory = t.testdir({ 'order.json': JSON.stringify(order) })
  const file = (name: string): string => join(directory, name)
  const env = {
    TRANCA_VENDOR_REGISTER: file('register.json'),
    TRANCA_VENDOR_PRIVATE_KEY: file('vendor-private.pem'),
  }
  t.equal(runAt(0, ['keypair', '--out', directory]).code, 0)
  return { directory, file, env, run: (day, ...args) => runAt(noon(day), args, env) }
}

function bodyIn(desk: Desk, text: string): KeyBody {
  const parsed = parseKeyFile(text)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed))
  const verified = verifyKey(parsed.key, readFileSync(desk.file('vendor-public.pem'), 'utf8'))
  if (!verified.ok) throw new Error(JSON.stringify(verified))
  return verified.key.body
}

const errorOf = (ran: Ran): { code: string; message: string; detail: Record<string, unknown> } =>
  (JSON.parse(ran.stderr) as { error: ReturnType<typeof errorOf> }).error

await t.test('every command has help with three examples and its exit codes', async (t) => {
  const silent = { stdout: { write: () => 0 }, stderr: { write: () => 0 }, env: {}, now: () => 0 }
  const program = createProgram(silent)
  const paths = [[], ...program.commands.map((each) => [each.name()]), ['clone', 'register']]
  t.equal(paths.length, 11)
  for (const path of paths) {
    const { code, stdout, stderr } = runAt(0, [...path, '--help'])
    const name = path.join(' ') || 'the program'
    t.equal(code, 0, name)
    t.equal(stderr, '')
    const examples = stdout.split('Examples:\n')[1]?.split('\n\n')[0]?.split('\n') ?? []
    t.ok(
      examples.length >= 3 && examples.every((line) => line.startsWith('  tranca-vendor ')),
      `${name}: examples`,
    )
    t.match(stdout, /Exit codes:\n {2}0 {2}done\n/, `${name}: exit codes`)
  }
})

await t.test('every example is a command line that the program understands', async (t) => {
  const lines = [
    'keypair',
    'issue',
    'renew',
    'split',
    'emergency',
    'revoke',
    'list',
    'serve',
    'clone',
  ].flatMap((name) =>
    runAt(0, [name, '--help'])
      .stdout.split('\n')
      .filter((line) => line.startsWith('  tranca-vendor ')),
  )
  t.ok(lines.length >= 27)
  const directory = t.testdir({})
  for (const line of lines) {
    const words = [...line.replace(/ > .*/, '').matchAll(/"([^"]*)"|(\S+)/g)].map(
      (match) => match[1] ?? match[2]!,
    )
    const args = words.slice(1).map((word) => (word === 'keys' ? join(directory, 'keys') : word))
    if (words[1] === 'keypair') continue
    const ran = runAt(0, args, { TRANCA_VENDOR_PRIVATE_KEY: join(directory, 'none.pem') })
    // a file is missing here; no option is
    t.equal(ran.code, 3, line)
  }
})

await t.test('a key pair: the private key for its owner only, never shown, never replaced', async (t) => {
  const directory = t.testdir({})
  const ran = start(['keypair', '--out', 'keys', '--json'], directory)
  t.equal(ran.code, 0)
  const privateKey = join(directory, 'keys', 'vendor-private.pem')
  t.equal(statSync(privateKey).mode & 0o777, 0o600)
  const secret = readFileSync(privateKey, 'utf8').split('\n')[1]!
  t.ok(secret.length > 40)
  for (const text of [ran.stdout, ran.stderr]) t.notMatch(text, /PRIVATE KEY/)
  t.notOk(ran.stdout.includes(secret) || ran.stderr.includes(secret))
  const again = start(['keypair', '--out', 'keys'], directory)
  t.equal(again.code, 3)
  t.match(again.stderr, /vendor-private.pem exists/)
  t.equal(readFileSync(privateKey, 'utf8').split('\n')[1], secret)
  t.match(JSON.parse(ran.stdout), { keyId: /^[0-9a-f]{16}$/, publicKeyFile: 'keys/vendor-public.pem' })
})

await t.test('the demo: key pair, development key and its renewal, as a user starts them', async (t) => {
  const directory = t.testdir({})
  const must = (...args: string[]): Ran => {
    const ran = start(args, directory)
    t.equal(ran.code, 0, `${args[0]} ${ran.stderr}`)
    return ran
  }
  must('keypair')
  must('issue', '--order', developmentOrder, '--out', 'dev.key.json')
  const piped = must('renew', '--installation', 'tranca-development', '--months', '12')
  const publicKey = readFileSync(join(directory, 'vendor-public.pem'), 'utf8')
  const serials = [readFileSync(join(directory, 'dev.key.json')), piped.stdout].map((content) => {
    const parsed = parseKeyFile(content)
    return parsed.ok && verifyKey(parsed.key, publicKey).ok && parsed.key.body.serial
  })
  t.strictSame(serials, [1, 2])
  t.match(must('list').stdout, /tranca-development .* 2 .* valid /)
  t.equal(statSync(join(directory, 'tranca-register.json')).mode & 0o777, 0o600)
  t.notOk(existsSync(join(directory, 'tranca-register.json.lock')))
})

await t.test('issue gives the key on stdout, in a file, or inside of JSON', async (t) => {
  const it = desk(t)
  const piped = it.run('2026-01-10', 'issue', '--order', it.file('order.json'))
  t.equal(piped.code, 0)
  t.match(bodyIn(it, piped.stdout), { serial: 1, customer: { name: 'Padaria São João' } })
  t.match(
    piped.stderr,
    /register.json is new.*\nacme serial 1: license from 2026-01-10 until 2026-05-09 \(-03:00\)/,
  )

  const out = it.file('acme.key.json')
  const json = it.run('2026-01-11', 'issue', '--order', it.file('order.json'), '--out', out, '--json')
  t.match(JSON.parse(json.stdout), { serial: 2, kind: 'license', validUntil: '2026-05-10', file: out })
  t.equal(json.stderr, '')
  t.match(bodyIn(it, readFileSync(out, 'utf8')), { serial: 2 })

  const taken = it.run('2026-01-11', 'issue', '--order', it.file('order.json'), '--out', out)
  t.equal(taken.code, 3)
  const forced = it.run('2026-01-11', 'issue', '--order', it.file('order.json'), '--out', out, '--force')
  t.equal(forced.code, 0)
  t.match(bodyIn(it, readFileSync(out, 'utf8')), { serial: 3 }, 'what was refused took no serial')
})

await t.test('wrong input names file, field, value and what was expected, and changes nothing', async (t) => {
  const it = desk(t)
  const wrong = { ...order, products: [{ id: 4000, quantity: 'ten' }] }
  writeFileSync(it.file('wrong.json'), JSON.stringify(wrong))
  writeFileSync(it.file('broken.json'), '{"format": 1,')
  const ran = it.run('2026-01-10', 'issue', '--order', it.file('wrong.json'))
  t.equal(ran.code, 2)
  t.match(ran.stderr, /wrong\.json: products\[0\]\.quantity is "ten"; expected an integer from 0/)
  const json = it.run('2026-01-10', 'issue', '--order', it.file('wrong.json'), '--json')
  t.equal(json.stdout, '')
  t.match(errorOf(json), {
    code: 'INPUT_INVALID',
    detail: {
      where: it.file('wrong.json'),
      field: 'products[0].quantity',
      value: '"ten"',
      expected: /an integer/,
    },
  })
  writeFileSync(it.file('enabled.json'), JSON.stringify({ ...order, products: [{ id: 3100, quantity: 1 }] }))
  const enabled = it.run('2026-01-10', 'issue', '--order', it.file('enabled.json'))
  t.equal(enabled.code, 2)
  t.notMatch(enabled.stderr, /is new/, 'no register was begun')
  t.equal(it.run('2026-01-10', 'issue', '--order', it.file('broken.json')).code, 2)
  t.equal(it.run('2026-01-10', 'issue', '--order', it.file('none.json')).code, 3)
  t.equal(it.run('2026-01-10', 'issue').code, 2, 'no order')
  t.equal(it.run('2026-01-10', 'isue').code, 2, 'a typo')
  t.notOk(existsSync(it.file('register.json')))
  const first = it.run('2026-01-10', 'issue', '--order', it.file('order.json'), '--out', it.file('k.json'))
  t.equal(first.code, 0)
  const renew = (...more: string[]): Ran => it.run('2026-01-10', 'renew', '--installation', 'acme', ...more)
  t.match(renew('--months', 'many'), { code: 2, stderr: /command line: --months is/ })
  t.match(renew('--months', '3', '--until', '2026-12-31'), { code: 2 })
  t.match(renew('--until', '2026-06-31'), { code: 2, stderr: /--until is "2026-06-31"/ })
})

await t.test('a private key that others may read, or that is none, is not used and not quoted', async (t) => {
  const it = desk(t)
  chmodSync(it.file('vendor-private.pem'), 0o640)
  const exposed = it.run('2026-01-10', 'issue', '--order', it.file('order.json'), '--json')
  t.equal(exposed.code, 3)
  t.match(errorOf(exposed), { code: 'PRIVATE_KEY_EXPOSED', detail: { mode: '0640' } })
  const secret = 'MC4CAQAwBQYDK2VwBCIEIPsecret'
  writeFileSync(it.file('bad.pem'), `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`)
  chmodSync(it.file('bad.pem'), 0o600)
  const bad = it.run(
    '2026-01-10',
    'issue',
    '--order',
    it.file('order.json'),
    '--private-key',
    it.file('bad.pem'),
  )
  t.equal(bad.code, 3)
  t.notOk(bad.stderr.includes(secret))
  t.notOk(existsSync(it.file('register.json')), 'no serial was used')
})

await t.test(
  "emergency keys: five, then a refusal that says when; the day is the installation's",
  async (t) => {
    const it = desk(t)
    it.run('2026-01-01', 'issue', '--order', it.file('order.json'), '--out', it.file('k.json'))
    const late = runAt(at('2026-01-15T23:59:59'), ['emergency', '--installation', 'acme', '--json'], it.env)
    t.match(JSON.parse(late.stdout), { kind: 'emergency', day: '2026-01-15', number: 1, quota: { left: 4 } })
    const again = it.run('2026-01-15', 'emergency', '--installation', 'acme')
    t.match(again.stderr, /emergency key 1 for 2026-01-15 \(-03:00\), issued before; 4 left/)
    t.match(bodyIn(it, again.stdout), { kind: 'emergency', serial: 2 })
    for (const day of ['16', '17', '18', '19']) {
      t.equal(it.run(`2026-01-${day}`, 'emergency', '--installation', 'acme').code, 0)
    }
    const sixth = it.run('2026-02-01', 'emergency', '--installation', 'acme', '--json')
    t.equal(sixth.code, 1)
    t.match(errorOf(sixth), {
      code: 'REFUSED',
      detail: { refusal: 'quotaExceeded', value: '5 within 3 months', expected: /2026-04-15/ },
    })
    t.equal(it.run('2026-04-15', 'emergency', '--installation', 'acme').code, 0)
    t.match(it.run('2026-04-15', 'emergency', '--installation', 'none'), {
      code: 1,
      stderr: /unknownInstallation/,
    })
  },
)

await t.test('split writes a key for each installation', async (t) => {
  const it = desk(t)
  const args = ['split', '--order', developmentOrder, '--plan', splitPlan, '--out', it.file('keys'), '--json']
  const ran = it.run('2026-01-10', ...args)
  t.equal(ran.code, 0, ran.stderr)
  const { keys } = JSON.parse(ran.stdout) as { keys: { file: string; installationId: string }[] }
  t.strictSame(
    keys.map((key) => bodyIn(it, readFileSync(key.file, 'utf8')).installationId),
    ['tranca-development', 'tranca-development-branch'],
  )
  const whole = it.run('2026-01-11', 'issue', '--order', developmentOrder)
  t.match(whole, { code: 1, stdout: '', stderr: /contractExceeded: product 4000 is 75; expected at most 60/ })
})

await t.test('a clone is registered and leaves with the renewal', async (t) => {
  const it = desk(t)
  it.run('2026-01-01', 'issue', '--order', it.file('order.json'), '--out', it.file('k.json'))
  const clone = ['clone', 'register', '--installation', 'acme', '--serial', 'HL-1-B', '--term', 'T-1']
  const ran = it.run('2026-01-02', ...clone, '--signed-by', 'Ana')
  t.match(ran, { code: 0, stdout: /acme: clone HL-1-B registered, 1 in all/ })
  t.equal(it.run('2026-01-02', ...clone, '--signed-by', 'Ana').code, 1)
  const renewed = it.run('2026-01-03', 'renew', '--installation', 'acme')
  t.match(bodyIn(it, renewed.stdout), {
    serial: 2,
    clones: [{ serial: 'HL-1-B', term: 'T-1', signedBy: 'Ana', signedOn: '2026-01-02' }],
  })
  t.match(JSON.parse(it.run('2026-01-03', 'list', '--json').stdout), {
    installations: [{ installationId: 'acme', serial: 2, clones: 1, emergencyKeysLeft: 5, state: 'valid' }],
  })
})

await t.test('a damaged or missing register is never taken for an empty one', async (t) => {
  const it = desk(t)
  const missing = it.run('2026-01-10', 'emergency', '--installation', 'acme')
  t.match(missing, { code: 3, stderr: /register.json does not exist/ })
  t.notOk(existsSync(it.file('register.json')))
  it.run('2026-01-01', 'issue', '--order', it.file('order.json'), '--out', it.file('k.json'))
  const good = readFileSync(it.file('register.json'), 'utf8')
  for (const bad of ['', good.slice(0, -20), good.replace('"serial": 1', '"serial": 0')]) {
    writeFileSync(it.file('register.json'), bad)
    const ran = it.run('2026-01-10', 'issue', '--order', it.file('order.json'), '--json')
    t.equal(ran.code, 5)
    t.match(errorOf(ran), { code: 'REGISTER_DAMAGED', message: /register.json: .*expected/ })
    t.equal(readFileSync(it.file('register.json'), 'utf8'), bad, 'left as it is')
  }
})

await t.test('one process at a time works on a register', async (t) => {
  const it = desk(t)
  writeFileSync(it.file('register.json.lock'), '4711\n')
  const ran = it.run('2026-01-10', 'issue', '--order', it.file('order.json'), '--json')
  t.equal(ran.code, 4)
  t.match(errorOf(ran), { code: 'REGISTER_BUSY', message: /process 4711; if that one is gone, remove/ })
  t.ok(existsSync(it.file('register.json.lock')), 'it is not ours to remove')
})
