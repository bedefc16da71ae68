import { createServer, type IncomingMessage } from 'node:http'
import { type InternalCommand, Ledger, type Operation, type Result, type ValidityView } from '@tranca/ledger'
import {
  canonicalize,
  checkValidationRequest,
  formatKeyFile,
  generateKeyPair,
  type LicenseKey,
  signKey,
  signValidation,
  type Validation,
  type ValidationRequest,
} from '@tranca/license-key'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { LicenseValidation, type ValidationConfig } from '../src/duties/license-validation.ts'
import type { FetchAnswer } from '../src/environment/fetch.ts'
import { parseConfig } from '../src/index.ts'
import { usageReport } from '../src/licenses/usage-report.ts'
import { TestCluster, until } from './cluster-kit.ts'
import { licenseKey } from './license-key-kit.ts'
import { VirtualClock } from './virtual-clock.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const vendor = generateKeyPair()
const vendorPublicKey = `${t.testdir({ 'vendor.pem': vendor.publicKeyPem })}/vendor.pem`

function keyOf(serial: number, wallMs: number): LicenseKey {
  return licenseKey({ serial, onlineValidation: { toleranceDays: 2 } }, wallMs)
}

function signed(
  request: ValidationRequest,
  change: Partial<Validation> = {},
  privateKeyPem = vendor.privateKeyPem,
): FetchAnswer {
  const { installationId, serial, nonce } = request
  const validatedAt = '2026-03-01T12:00:00.000Z'
  const body: Validation = { format: 1, kind: 'validation', installationId, serial, nonce, validatedAt }
  return { status: 200, body: JSON.stringify(signValidation({ ...body, ...change }, privateKeyPem)) }
}

type Vendor = (request: ValidationRequest) => FetchAnswer | Promise<FetchAnswer>

/** A leader's duty over a ledger, with time and vendor of the test's own. */
class Desk {
  readonly clock = new VirtualClock()
  readonly requests: ValidationRequest[] = []
  readonly results: string[] = []
  readonly lines: string[] = []
  readonly proposed: InternalCommand[] = []
  readonly replica = {
    isServing: true,
    proposeInternal: (command: InternalCommand) => {
      this.proposed.push(command)
      this.apply(command)
      if (command.op === 'license.validated') for (const duty of this.duties) duty.applied()
    },
  }
  readonly duties: LicenseValidation[] = []
  readonly #ledger = new Ledger({ sink: { answer: () => {}, event: () => {} } })
  #index = 0
  answer: Vendor

  readonly #sendUsage: boolean

  constructor(answer: Vendor, sendUsage = false) {
    this.answer = answer
    this.#sendUsage = sendUsage
    this.lead()
  }

  /** Another leader, which has seen nothing yet but the log. */
  lead(): void {
    const config: ValidationConfig = {
      url: 'https://vendor.test/?token=secret',
      everyHours: 24,
      retryMinutes: 60,
      timeoutMs: 10_000,
      sendUsage: this.#sendUsage,
    }
    const duty = new LicenseValidation({
      config,
      cluster: 'test',
      publicKeyPem: vendor.publicKeyPem,
      replica: this.replica,
      validity: () => this.validity,
      usage: (since) => usageReport(this.#ledger, since),
      clock: this.clock,
      fetch: async (_, { body }) => {
        const request = checkValidationRequest(JSON.parse(body), '')
        this.requests.push(request)
        return await this.answer(request)
      },
      nonce: () => `nonce0000000000${String(this.requests.length).padStart(4, '0')}`,
      logger: pino({ level: 'trace' }, { write: (line: string) => void this.lines.push(line) }),
      ended: (result) => void this.results.push(result),
    })
    this.duties.push(duty)
  }

  apply(command: InternalCommand): void {
    this.#begin()
    this.#ledger.applyInternal(command)
  }

  /** A session's command. */
  do(session: number, id: number, operation: Operation): Result | undefined {
    this.#begin()
    return this.#ledger.apply({ session, generation: session === 0 ? 0 : 1, id, acks: [], operation })
  }

  install(serial: number): void {
    this.apply({ op: 'key.install', body: canonicalize(keyOf(serial, this.clock.wallMs())) })
  }

  #begin(): void {
    const timeMs = this.clock.nowMs()
    this.#ledger.begin({ index: ++this.#index, term: 1, timeMs, wallMs: this.clock.wallMs() })
  }

  get validity(): ValidityView {
    const answer = this.#ledger.query({ op: 'license.validity' })
    if (!answer.ok) throw new Error(answer.cause)
    return answer.value as ValidityView
  }

  /** Time passes, with what a leader does in it. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= MINUTE_MS) {
      this.clock.advance(Math.min(left, MINUTE_MS))
      this.#begin()
      this.duties.at(-1)!.tick()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

const offline: Vendor = () =>
  Promise.reject(Object.assign(new TypeError('no'), { cause: { code: 'ENOTFOUND' } }))

await t.test('a key is validated at once, and then once a day', async (t) => {
  const desk = new Desk(signed)
  await desk.pass(HOUR_MS)
  t.equal(desk.requests.length, 0, 'without a key there is nothing to ask')
  desk.install(1)
  await desk.pass(MINUTE_MS)
  t.match(desk.requests, [{ installationId: 'example-1', serial: 1, cluster: 'test' }])
  t.match(desk.proposed, [{ op: 'license.validated', wallMs: desk.validity.calendarMs }])
  await desk.pass(DAY_MS - 5 * MINUTE_MS)
  t.equal(desk.requests.length, 1)
  await desk.pass(10 * MINUTE_MS)
  t.equal(desk.requests.length, 2)
  t.not(desk.requests[0]!.nonce, desk.requests[1]!.nonce)
  desk.install(2)
  await desk.pass(2 * MINUTE_MS)
  t.match(desk.requests[2], { serial: 2 }, 'a new key is asked about at once')
  await desk.pass(30 * DAY_MS)
  t.equal(desk.requests.length, 33)
  t.equal(desk.validity.state, 'valid')
  desk.replica.isServing = false
  await desk.pass(2 * DAY_MS)
  t.equal(desk.requests.length, 33, 'only the leader asks')
})

await t.test(
  'sums of use go with the validation only if configured, each day once, and name nobody',
  async (t) => {
    for (const sendUsage of [false, true]) {
      const desk = new Desk(signed, sendUsage)
      desk.install(1)
      await desk.pass(MINUTE_MS)
      const opened = desk.do(0, 1, {
        op: 'session.open',
        key: new Uint8Array(16),
        namespace: 'erp',
        client: 'appserver-1',
        installation: 'production',
        ttlMs: 600_000,
        lockDelayMs: 0,
        codesMax: 20,
      })
      if (opened?.ok !== true) throw new Error('no session')
      const session = opened.value.session as number
      let id = 0
      const checkout = (user: string) =>
        desk.do(session, ++id, {
          op: 'license.checkout',
          owner: user,
          feature: '',
          product: 4_000,
          user,
          group: '01',
          company: 'secret company',
          host: '',
          units: 1,
          mode: 'use',
          waitMs: 0,
          priority: 0,
        })
      for (const user of ['ana', 'bia', 'carla']) checkout(user)
      await desk.pass(2 * DAY_MS + HOUR_MS)
      desk.answer = offline
      await desk.pass(2 * DAY_MS)
      desk.answer = signed
      desk.requests.length = 0
      await desk.pass(2 * HOUR_MS)
      const [request] = desk.requests
      if (!sendUsage) {
        t.notOk('usage' in request!)
        continue
      }
      const days = request!.usage!.map(({ day }) => day)
      t.ok(days.length >= 2, `those of the outage: ${days}`)
      t.same(days, [...new Set(days)].sort(), 'each once, the oldest first')
      const whole = { product: 4_000, unitMs: 2 * DAY_MS, checkouts: 0, denied: 0 }
      t.match(request!.usage!.at(-1), whole, 'two units all day long, also while they are in use')
      t.notMatch(JSON.stringify(request), /ana|company/)
      await desk.pass(DAY_MS)
      t.ok(desk.requests.at(-1)!.usage![0]!.day > days.at(-1)!, 'and what was sent is not sent again')
    }
  },
)

await t.test('an outage counts days and is tried again; contingency ends with a success', async (t) => {
  const desk = new Desk(offline)
  desk.install(1)
  await desk.pass(MINUTE_MS)
  t.same(desk.results, ['unreachable'])
  t.match(JSON.parse(desk.lines[0]!), { cause: 'unreachable', reason: 'ENOTFOUND', days: 0, state: 'valid' })
  await desk.pass(59 * MINUTE_MS)
  t.equal(desk.requests.length, 1)
  await desk.pass(2 * MINUTE_MS)
  t.equal(desk.requests.length, 2, 'tried again after retryMinutes')
  await desk.pass(2 * DAY_MS)
  t.match(desk.validity, { state: 'contingency', reason: 'notValidated' }, 'by the ledger alone')
  t.ok(desk.requests.length <= 51, 'not more than once an hour')
  t.same(desk.proposed, [])
  desk.answer = signed
  await desk.pass(HOUR_MS + MINUTE_MS)
  t.equal(desk.validity.state, 'valid')
  t.equal(desk.results.at(-1), 'validated')
  t.notMatch(desk.lines.join(''), /secret|nonce0|example-1|signature/, 'the log has no secret')
})

await t.test('only the answer to this very request counts', async (t) => {
  const other = generateKeyPair()
  const cases: [string, Vendor][] = [
    ['badSignature', (request) => signed(request, {}, other.privateKeyPem)],
    [
      'badSignature',
      (request) => {
        const { body, ...rest } = JSON.parse(signed(request).body)
        return { status: 200, body: JSON.stringify({ ...rest, body: { ...body, serial: 2 } }) }
      },
    ],
    ['otherRequest', (request) => signed(request, { nonce: 'anotherNonce00000' })],
    ['otherRequest', (request) => signed(request, { installationId: 'example-2' })],
    ['otherRequest', (request) => signed(request, { serial: 9 })],
    ['refused', () => ({ status: 403, body: '{"error":{"code":"revoked","message":"not paid"}}' })],
    ['badAnswer', () => ({ status: 200, body: '<html>' })],
    ['badAnswer', () => ({ status: 502, body: '{}' })],
    [
      'badAnswer',
      () => ({
        status: 200,
        body: formatKeyFile(signKey(keyOf(1, 1_795_000_000_000), vendor.privateKeyPem)),
      }),
    ],
    ['timeout', () => new Promise(() => {})],
  ]
  for (const [cause, answer] of cases) {
    const desk = new Desk(answer)
    desk.install(1)
    await desk.pass(2 * MINUTE_MS)
    t.same(desk.results, [cause], cause)
    t.same(desk.proposed, [])
  }
})

await t.test('an answer that comes too late, or after the end, is not heard', async (t) => {
  let release: (answer: FetchAnswer) => void = () => {}
  const desk = new Desk(() => {
    return new Promise((resolve) => {
      release = resolve
    })
  })
  desk.install(1)
  await desk.pass(2 * MINUTE_MS)
  release(signed(desk.requests[0]!))
  await desk.pass(MINUTE_MS)
  t.same(desk.results, ['timeout'])
  while (desk.requests.length < 2) await desk.pass(MINUTE_MS)
  desk.duties[0]!.stop()
  release(signed(desk.requests[1]!))
  await new Promise((resolve) => setImmediate(resolve))
  t.same(desk.results, ['timeout'])
  t.same(desk.proposed, [])
})

await t.test('a new leader goes on where the last one was', async (t) => {
  const desk = new Desk(signed)
  desk.lead()
  desk.install(1)
  await desk.pass(MINUTE_MS)
  t.equal(desk.requests.length, 1)
  desk.duties.pop()
  await desk.pass(DAY_MS - 5 * MINUTE_MS)
  t.equal(desk.requests.length, 1, 'it has seen the validation in the log')
  await desk.pass(10 * MINUTE_MS)
  t.equal(desk.requests.length, 2)
})

await t.test('the address must be encrypted or local, and hold no credentials', async (t) => {
  const parse = (validation: object) => {
    const members = [{ id: 1, name: 'n1', peer: '127.0.0.1:5655', client: '127.0.0.1:5555' }]
    const license = { vendorPublicKey: 'vendor.pem', validation }
    return parseConfig(JSON.stringify({ cluster: 'erp', id: 1, data: 'd', members, license }), '/n1.yml')
  }
  const complaint = (url: string): string => {
    try {
      parse({ url })
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }
  const full = {
    url: 'https://vendor.test/v',
    everyHours: 24,
    retryMinutes: 60,
    timeoutMs: 10_000,
    sendUsage: false,
  }
  t.same(parse({ url: full.url }).license?.validation, full)
  for (const url of ['http://127.0.0.1:8080/', 'http://localhost/', 'http://[::1]:80/'])
    t.equal(complaint(url), '')
  const plain = complaint('http://vendor.test/?token=hidden')
  t.match(plain, /license\.validation: url: http:\/\/\.\.\. to vendor\.test; expected https:/)
  const secret = complaint('https://ana:hidden@vendor.test/')
  t.match(secret, /license\.validation: url: has credentials/)
  t.match(complaint('http://127.vendor.test/'), /expected https:/)
  t.match(complaint('ftp://127.0.0.1/hidden'), /expected https:/)
  t.match(complaint('hidden'), /url: not an address/)
  t.notMatch(plain + secret + complaint('ftp://127.0.0.1/hidden') + complaint('hidden'), /hidden/)
  t.throws(() => parse({ ...full, retryMinutes: 0 }), { message: /license\.validation\.retryMinutes/ })
})

async function vendorServer(t: Test): Promise<{ url: string; asked: ValidationRequest[] }> {
  const asked: ValidationRequest[] = []
  const textOf = async (incoming: IncomingMessage): Promise<string> => {
    let text = ''
    for await (const chunk of incoming) text += String(chunk)
    return text
  }
  const server = createServer((incoming, response) => {
    textOf(incoming)
      .then((text) => {
        const request = checkValidationRequest(JSON.parse(text), '')
        asked.push(request)
        // The first time the vendor has a bad day.
        if (asked.length === 1) response.writeHead(503).end('{}')
        else response.end(signed(request).body)
      })
      .catch(() => response.writeHead(400).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/validate`, asked }
}

await t.test('a running node is validated over HTTP, and its metrics say so', async (t) => {
  const { url, asked } = await vendorServer(t)
  const cluster = await TestCluster.start(t, 1, {
    license: { vendorPublicKey, validation: { url } },
    listen: { admin: '127.0.0.1:0' },
  })
  const install = async (serial: number) => {
    const file = formatKeyFile(signKey(keyOf(serial, Date.now()), vendor.privateKeyPem))
    await cluster.admin.request({ op: 'key.install', file, dryRun: false })
  }
  const metric = async (pattern: RegExp): Promise<number> => {
    const page = await fetch(`http://${cluster.nodes.get(1)!.addresses.admin}/metrics`)
    return Number(pattern.exec(await page.text())?.[1])
  }
  const validations = (result: string) =>
    metric(new RegExp(`tranca_license_validations_total\\{result="${result}".*?\\} (\\d+)`))
  await install(1)
  await until('a failure', async () => (await validations('badAnswer')) === 1)
  const before = (await cluster.admin.request({ op: 'license.validity' })).validatedMs
  await install(2)
  await until('a validation', async () => (await validations('validated')) === 1)
  await until('the ledger has it', async () => {
    return (await cluster.admin.request({ op: 'license.validity' })).validatedMs > before
  })
  t.match(asked, [
    { installationId: 'example-1', serial: 1, cluster: 'test' },
    { installationId: 'example-1', serial: 2, cluster: 'test' },
  ])
  t.ok((await metric(/^tranca_license_validated_seconds (\S+)/m)) > before / 1000)
})
