import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import { connect as connectTls, createServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import {
  connect,
  openAdmin,
  type RefusedError,
  TrancaError,
  type Transport,
  tlsTransport,
} from '@tranca/client'
import t from 'tap'
import { Authority, makeAuthority } from '../src/certificates/authority.ts'
import { startProcess, tranca, trancaJson, until } from './kit.ts'
import { exchange, recorder, SecureCluster } from './secure-kit.ts'

const DAY_MS = 86_400_000

t.setTimeout(300_000)
const token = {
  old: 'tranca-old-token-of-the-test',
  next: 'tranca-next-token-of-the-test',
  zabbix: 'tranca-z',
}
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
const access = {
  tokens: [
    { name: 'erp-1', role: 'client', sha256: hashOf(token.old) },
    { name: 'erp-1', role: 'client', sha256: hashOf(token.next) },
    { name: 'zabbix', role: 'monitor', sha256: hashOf(token.zabbix) },
  ],
}
const ask = { deadlineMs: 60_000 }

/** The stable code of what a promise is rejected with. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'done'
  } catch (error) {
    if (error instanceof TrancaError) return error.code
    throw error
  }
}

/** Waits for a lock longer than its session lives, with the keep-alive of its other thread; says who is refused. */
const pythonScript = `
import json, sys
import tranca
addresses, folder = sys.argv[1].split(','), sys.argv[2]
ca, own = folder + '/ca.crt', folder + '/clients/py'
good = dict(addresses=addresses, namespace='py', ttl_ms=2000)
by_certificate = tranca.tls(ca=ca, cert=own + '.crt', key=own + '.key')
said = {}
with tranca.Client(**good, tls=by_certificate, client='py1') as first:
    with tranca.Client(**good, tls=tranca.tls(ca=ca), server_name='erp', token='${token.next}') as second:
        lock = first.acquire('u', 'L')
        try:
            second.acquire('u', 'L', wait_ms=5000)
        except tranca.Refused as refused:
            said['waited'] = refused.cause
        first.release('u', 'L', token=lock['token'])
        said['token'] = second.acquire('u', 'L')['token']
for name, options in {
    'stranger': dict(tls=tranca.tls(ca=ca)),
    'badToken': dict(tls=tranca.tls(ca=ca), token='wrong'),
    'otherName': dict(tls=by_certificate, server_name='crm'),
    'otherAuthority': dict(tls=tranca.tls()),
    'plain': dict(),
}.items():
    try:
        tranca.Client(**good, **options, patience_s=0.5)
        said[name] = 'let in'
    except tranca.Unreachable as error:
        said[name] = str(error)
print(json.dumps(said))
`
const hasPython = spawnSync('python3', ['--version']).status === 0

/** Says why no node spoke to somebody. */
async function whyNot(cluster: SecureCluster, options: object): Promise<string> {
  const admin = openAdmin(cluster.addresses, options)
  try {
    const reports = await admin.statusOfAll({ deadlineMs: 10_000 })
    return reports.map((report) => (report.ok ? 'told its status' : report.error.message)).join('; ')
  } finally {
    await admin.close()
  }
}

await t.test('three members with TLS', async (t) => {
  const cluster = await SecureCluster.start(t, 3, { access })
  const admin = openAdmin(cluster.addresses, await cluster.credentials('admin', 'admin'))
  t.teardown(() => admin.close())
  /** The others are served, whatever somebody has just tried. */
  const servesOthers = () => admin.request({ op: 'session.list' }, ask)

  await t.test('each role does what it is for, and no more', async (t) => {
    const monitor = openAdmin(cluster.addresses, { ...cluster.trust, auth: token.zabbix })
    t.teardown(() => monitor.close())
    t.equal(
      await codeOf(monitor.request({ op: 'lock.list', namespace: 'a' }, ask)),
      'done',
      'a monitor reads',
    )
    t.equal(await codeOf(monitor.request({ op: 'member.list' }, ask)), 'done')
    t.equal(await codeOf(monitor.ask(cluster.addresses[0]!, 'status', ask)), 'done')
    t.equal(await codeOf(monitor.request({ op: 'member.drain', id: 1 }, ask)), 'denied')
    const nobody = connect({
      addresses: cluster.addresses,
      ...cluster.trust,
      auth: token.zabbix,
      namespace: 'a',
    })
    t.equal(await codeOf(nobody), 'denied', 'a monitor opens no session')

    const options = { addresses: cluster.addresses, namespace: 'a', ...cluster.trust }
    const erp = await connect({ ...options, auth: token.old })
    t.teardown(() => erp.close())
    const user = erp.owner('u1')
    await (await user.lock('SA1000001')).release()
    const spec = { kind: 'fast', digits: 'decimal', width: 4, start: '0001' } as const
    t.equal((await user.sequence('s', { spec }).next()).value, '0001')
    t.equal(
      await codeOf(user.sequence('s').set('9', 'a reason of fifteen letters')),
      'denied',
      'sets no counter',
    )
    const erpAdmin = openAdmin(cluster.addresses, { ...cluster.trust, auth: token.next })
    t.teardown(() => erpAdmin.close())
    for (const request of [
      { op: 'member.drain', id: 1 },
      { op: 'member.remove', id: 1 },
      { op: 'member.promote', id: 1 },
      { op: 'leader.transfer', to: 1 },
      { op: 'key.install', file: '{}' },
    ] as const) {
      const refused = (await erpAdmin.request(request as never, ask).catch((error) => error)) as RefusedError
      t.equal(refused.code, 'denied', request.op)
      t.same(refused.detail, { role: 'client', needs: 'admin' }, request.op)
    }
    t.equal(
      await codeOf(admin.request({ op: 'member.drain', id: 1 }, ask)),
      'done',
      'an administrator drains',
    )
    t.equal(await codeOf(admin.request({ op: 'member.undrain', id: 1 }, ask)), 'done')
  })

  await t.test('nobody comes in without good credentials, and is told why', async (t) => {
    const other = await makeAuthority('erp', { nowMs: Date.now(), days: 1 })
    const forged = await (await Authority.open(other)).issue(
      { kind: 'admin', name: 'admin' },
      { nowMs: Date.now(), days: 1 },
    )
    const { ca } = cluster.trust.tls
    const own = await Authority.open({
      cert: ca.toString(),
      key: readFileSync(join(cluster.certs, 'offline', 'ca.key'), 'utf8'),
    })
    const ended = await own.issue(
      { kind: 'admin', name: 'late' },
      { nowMs: Date.now() - 3 * DAY_MS, days: 1 },
    )
    const member = cluster.credentialsIn(join(cluster.certs, 'members', 'n1'))
    t.match(await whyNot(cluster, cluster.trust), /refused: denied/, 'neither certificate nor token')
    t.match(await whyNot(cluster, { tls: { ca, ...forged } }), /closed|reset|alert/i, 'of another authority')
    t.match(await whyNot(cluster, { tls: { ca, ...ended } }), /closed|reset|alert/i, 'ended')
    t.match(await whyNot(cluster, member), /refused: denied/, 'a member is no client')
    t.match(await whyNot(cluster, { ...cluster.trust, auth: 'tranca-wrong' }), /refused: denied/)
    t.match(
      await whyNot(cluster, { ...cluster.trust, auth: 'x'.repeat(4_096) }),
      /refused: denied/,
      'very long',
    )
    const tooLong = () => openAdmin(cluster.addresses, { ...cluster.trust, auth: 'x'.repeat(5_000) })
    t.throws(tooLong, { name: 'RangeError', message: /^auth: more than 4096 bytes$/ })
    const exposed = () => openAdmin('10.0.0.1:5555', { auth: token.old })
    t.throws(exposed, { name: 'RangeError', message: /without tls/ })
    t.match(await whyNot(cluster, { tls: { ca: other.cert } }), /nobody known/, 'the client believes others')
    t.match(
      await whyNot(cluster, { tls: { ca, serverName: 'bank' } }),
      /another address/,
      'the client wants another',
    )
    t.match(await whyNot(cluster, { ...cluster.trust, auth: token.old }), /told its status/)
    t.match(await whyNot(cluster, { tls: { ca, serverName: 'erp' }, auth: token.old }), /told its status/)
    await servesOthers()
    const cli = await tranca(
      ['status', '--ca', join(cluster.certs, 'ca.crt'), '--timeout', '2s'],
      cluster.surroundings,
    )
    t.equal(cli.code, 1)
    t.match(cli.stderr, /--token-file/)
  })

  await t.test('a downgrade gets nowhere: plain TCP, TLS 1.2, an old hello', async (t) => {
    t.match(await whyNot(cluster, {}), /may expect TLS/)
    const [address] = cluster.addresses
    const plain = await exchange(address!, Buffer.from([0, 0, 0, 3, 0x93, 0, 0]))
    t.equal(plain.error === 'was not closed', false)
    const { ca } = cluster.trust.tls
    const cert = readFileSync(join(cluster.certs, 'clients', 'admin.crt'))
    const key = readFileSync(join(cluster.certs, 'clients', 'admin.key'))
    for (const port of [address!, cluster.members[0]!.peer, cluster.members[0]!.admin]) {
      const old = await exchange(port, Buffer.alloc(1), { ca, cert, key, maxVersion: 'TLSv1.2' })
      t.notOk(old.opened, `TLS 1.2 at ${port}`)
      t.match(old.error, /PROTOCOL_VERSION|ECONNRESET/, `TLS 1.2 at ${port}`)
    }
    await servesOthers()
  })

  await t.test('a stranger with a certificate of a client cannot speak as a member', async (t) => {
    const { ca } = cluster.trust.tls
    const { peer } = cluster.members[0]!
    const cert = (name: string) => readFileSync(join(cluster.certs, `${name}.crt`))
    const key = (name: string) => readFileSync(join(cluster.certs, `${name}.key`))
    const checkServerIdentity = () => undefined
    const tls = (name: string) => ({ ca, cert: cert(name), key: key(name), checkServerIdentity })
    const none = await exchange(peer, peerHello(3), { ca, checkServerIdentity })
    t.equal(none.answer.length, 0, 'no certificate')
    const client = await exchange(peer, peerHello(3), tls('clients/admin'))
    t.equal(client.answer.length, 0, 'a certificate of an administrator')
    const otherMember = await exchange(peer, peerHello(3), tls('members/n2'))
    t.equal(otherMember.answer.length, 0, 'the certificate of another member')
    for (const one of [none, client, otherMember]) t.not(one.error, 'was not closed')
    for (const complaint of [
      /expected tranca:\/\/erp\/member\/3/,
      /tranca:\/\/erp\/admin\/admin, expected/,
      /tranca:\/\/erp\/member\/2, expected/,
    ]) {
      await until(`${complaint} in the log`, () => complaint.test(cluster.logs()))
    }
    await servesOthers()
  })

  await t.test('what was recorded on the wire is of no use on another connection', async (t) => {
    const wire = await recorder(t, cluster.addresses[0]!)
    const { ca } = cluster.trust.tls
    const viewer = openAdmin(wire.address, { tls: { ca, serverName: 'erp' }, auth: token.old })
    await viewer.ask(wire.address, 'status', ask)
    await viewer.close()
    const before = (await servesOthers()).sessions.length
    const recorded = wire.sent().filter((bytes) => bytes.length > 0)
    t.ok(recorded.length > 0)
    for (const bytes of recorded) {
      t.notOk(bytes.includes(token.old), 'the token is not to be seen')
      const replayed = await exchange(cluster.addresses[0]!, bytes)
      t.notOk(replayed.answer.includes('erp'), 'no welcome')
      t.not(replayed.error, 'was not closed')
    }
    t.equal((await servesOthers()).sessions.length, before)
  })

  await t.test('a session belongs to the name that opened it, whatever is replayed', async (t) => {
    const options = { addresses: cluster.addresses, namespace: 'a' }
    const wires: RecordedWire[] = []
    const transport = recording(tlsTransport(cluster.trust.tls), wires)
    const owner = await connect({ ...options, auth: token.old, transport })
    t.teardown(() => owner.close())
    await owner.owner('u1').lock('SA1000009')
    const request = { op: 'lock.get', namespace: 'a', name: 'SA1000009' } as const
    const held = (await admin.request(request, ask)).holders
    t.equal(held.length, 1)

    const opened = wires.find((wire) => wire.sent.length > 1)!
    const key = keyIn(opened.sent)
    const random = { bytes: () => key, fraction: () => 0.5 }
    const thiefWires: RecordedWire[] = []
    const { tls } = await cluster.credentials('thief', 'client')
    const thief = await connect({
      ...options,
      random: random as never,
      transport: recording(tlsTransport(tls ?? {}), thiefWires),
    })
    t.not(thief.id, owner.id, 'the same key under another name is another session')
    const codes = [
      await codeOf(thief.request({ op: 'lock.release', owner: 'u1', names: ['SA1000009'] }, ask)),
    ]
    t.same(codes, ['notHolder'])
    await thief.close()

    opened.drop()
    await owner.request({ op: 'session.get', session: owner.id }, ask)
    const resumed = wires.findLast((wire) => wire.sent.length > 1)!
    const leader = cluster.members.find((one) => one.client === resumed.address)!
    const hello = thiefWires.find((wire) => wire.sent.length > 1)!.sent[0]!
    const answered = (answer: Buffer) => answer.includes('badKey') || answer.includes('generation')
    const bytes = Buffer.concat([hello, resumed.sent[1]!])
    const replayed = await exchange(leader.client, bytes, { ...(tls as object), servername: 'erp' }, answered)
    t.ok(replayed.answer.includes('badKey'), 'session.resume, byte by byte, under another name')
    t.same((await admin.request(request, ask)).holders, held, 'the lock is where it was')
    t.equal(owner.status, 'live')

    const same = await connect({ ...options, ...cluster.trust, auth: token.next, random: random as never })
    t.equal(same.id, owner.id, 'the next token of the same name is the same client')
    await same.close()
  })

  await t.test('many wrong tokens at once hold up nobody', async (t) => {
    const [address] = cluster.addresses
    const wrong = openAdmin(address!, { ...cluster.trust, auth: 'tranca-wrong' })
    const tries = Array.from({ length: 100 }, () =>
      codeOf(wrong.ask(address!, 'status', { deadlineMs: 10_000 })),
    )
    await servesOthers()
    const codes = await Promise.all(tries)
    await wrong.close()
    t.notOk(codes.includes('done'))
    await servesOthers()
  })

  await t.test('the admin port is HTTPS: health for everybody, the rest for who is known', async (t) => {
    const { admin: address } = cluster.members[0]!
    const { ca } = cluster.trust.tls
    const get = (path: string, more: https.RequestOptions = {}) =>
      new Promise<{ status: number; body: string }>((resolve, reject) => {
        https
          .get(`https://${address}${path}`, { ca, agent: false, ...more }, (response) => {
            let body = ''
            response.setEncoding('utf8').on('data', (text: string) => {
              body += text
            })
            response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
          })
          .on('error', reject)
      })
    t.equal((await get('/livez')).status, 200)
    await until('it can do its work', async () => (await get('/readyz')).status === 200)
    t.equal((await get('/metrics')).status, 401)
    t.equal((await get('/status', { headers: { authorization: 'Bearer wrong' } })).status, 401)
    t.equal((await get('/status', { headers: { authorization: `Bearer ${token.zabbix}` } })).status, 200)
    const { tls } = await cluster.credentials('zabbix', 'monitor')
    const metrics = await get('/metrics', { cert: tls?.cert, key: tls?.key } as https.RequestOptions)
    t.equal(metrics.status, 200)
    t.match(metrics.body, /tranca_hellos_denied_total [1-9]/)
    const [, end] = /tranca_certificate_end_seconds\{use="peer"\} ([\d.e+]+)/.exec(metrics.body) ?? []
    t.ok(Number(end) * 1_000 > Date.now() + 700 * DAY_MS, `end of the certificate: ${end}`)
  })

  await t.test('a renewed certificate is used without a restart', async (t) => {
    const file = join(cluster.certs, 'members', 'n1.crt')
    const before = await serialAt(cluster)
    await cluster.command(['cert', 'renew', cluster.certs, file, '--days', '30'])
    const now = (await cluster.command(['cert', 'show', file, '-o', 'json'])).match(/"serial": "(\w+)"/)?.[1]
    t.not(now, before)
    await until('the new certificate is shown', async () => (await serialAt(cluster)) === now)
    await until('the log says so', () => /certificate read again/.test(cluster.logs()))
    await servesOthers()
  })

  await t.test('the leader is killed: the others elect one over TLS, and work goes on', async (t) => {
    const session = await connect({
      addresses: cluster.addresses,
      namespace: 'a',
      ...cluster.trust,
      auth: token.next,
    })
    t.teardown(() => session.close())
    const user = session.owner('u2')
    const lock = await user.lock('SA1000002')
    const leader = await cluster.leader()
    await cluster.kill(leader)
    const startMs = performance.now()
    await user.lock('SA1000003')
    t.comment(`the kill was over after ${(performance.now() - startMs).toFixed(0)} ms`)
    t.equal(session.status, 'live')
    await lock.release()
    cluster.startMember(leader)
    await until('all members are there', async () => {
      const { members } = await trancaJson<{ members: { role: string; lag?: number }[] }>(
        ['status', ...cluster.adminOptions],
        cluster.surroundings,
      )
      return members.every((one) => one.role === 'leader' || one.role === 'follower')
    })
  })

  await t.test(
    'the Python client speaks TLS, by certificate and by token',
    { skip: hasPython ? false : 'python3 is not installed' },
    async (t) => {
      await cluster.credentials('py', 'client')
      const folder = fileURLToPath(new URL('../../../protocol/python', import.meta.url))
      const env = { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' }
      const args = ['-c', pythonScript, cluster.addresses.join(','), cluster.certs]
      const { code, stdout, stderr } = await startProcess('python3', args, { ...cluster.surroundings, env })
        .ended
      t.equal(code, 0, stderr)
      t.match(JSON.parse(stdout), {
        waited: 'timeout',
        token: Number,
        stranger: /denied/,
        badToken: /denied/,
        otherName: /mismatch/,
        otherAuthority: /verify failed/,
        plain: /no leader is known/,
      })
    },
  )

  await t.test('whoever answers at the address of a member must be that member', async (t) => {
    const leader = await cluster.leader()
    const gone = cluster.members.find((one) => one.id !== leader)!
    const other = cluster.members.find((one) => one.id !== leader && one !== gone)!
    await cluster.kill(gone.id)
    const file = join(cluster.certs, 'members', other.name)
    const { tls } = cluster.credentialsIn(file)
    let heard = 0
    const stranger = createServer({ ...(tls as object), requestCert: true }, (socket) => {
      socket
        .on('error', () => undefined)
        .on('data', (chunk: Buffer) => {
          heard += chunk.length
        })
    })
    const [host, port] = gone.peer.split(':')
    await new Promise<void>((resolve) => stranger.listen(Number(port), host, resolve))
    const told = `"address":"${gone.peer}"`
    await until('both complain', () => {
      const complaints = cluster.logs().split('\n')
      return (
        complaints.filter((line) => line.includes(told) && line.includes('a stranger answers')).length >= 2
      )
    })
    t.equal(heard, 0, 'it was told nothing')
    await new Promise((resolve) => stranger.close(resolve))
    cluster.startMember(gone.id)
    await servesOthers()
  })

  await t.test('no secret stands in any log', (t) => {
    const logs = cluster.logs()
    t.match(logs, /hello without good credentials/)
    for (const secret of [...Object.values(token), 'tranca-wrong', 'PRIVATE KEY'])
      t.notOk(logs.includes(secret), secret)
    for (const name of ['members/n1', 'members/n2', 'clients/admin']) {
      const [, line = ''] = readFileSync(join(cluster.certs, `${name}.key`), 'utf8').split('\n')
      t.ok(line.length > 40)
      t.notOk(logs.includes(line.slice(0, 40)), name)
    }
    t.end()
  })
})

/** The serial number of what a member shows to clients now. */
function serialAt(cluster: SecureCluster): Promise<string> {
  const [host = '', port = ''] = cluster.addresses[0]!.split(':')
  const { ca } = cluster.trust.tls
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port: Number(port), ca, servername: 'erp' }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber.toLowerCase() ?? '')
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

interface RecordedWire {
  readonly address: string
  /** Writes, before they are encrypted: the first is hello. */
  readonly sent: Buffer[]
  /** Breaks the connection as a network does. */
  drop(): void
}

function recording(transport: Transport, wires: RecordedWire[]): Transport {
  return {
    dial(address, handlers) {
      const wire = transport.dial(address, handlers)
      const sent: Buffer[] = []
      const drop = () => {
        wire.close()
        handlers.onClose(undefined)
      }
      wires.push({ address, sent, drop })
      return {
        get backlog() {
          return wire.backlog
        },
        write: (bytes) => {
          sent.push(Buffer.from(bytes))
          wire.write(bytes)
        },
        close: (gently) => wire.close(gently),
      }
    },
  }
}

/** The 16 bytes of MessagePack (bin 8) that a client has sent: the key of its session. */
function keyIn(sent: readonly Buffer[]): Buffer {
  const all = Buffer.concat(sent)
  const at = all.indexOf(Buffer.from([0xc4, 16]))
  if (at < 0) throw new Error('no session.open was sent')
  return all.subarray(at + 2, at + 18)
}

/** The greeting of a member, as its peers send it: kind 1, MessagePack. */
function peerHello(id: number): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([0xa0 | value.length]), Buffer.from(value)])
  const fields: [string, string | number][] = [
    ['version', 1],
    ['cluster', 'erp'],
    ['id', id],
    ['name', `n${id}`],
    ['peer', '127.0.0.1:1'],
    ['client', '127.0.0.1:2'],
    ['standing', 'member'],
    ['starts', 1],
    ['run', 'abcd'],
    ['lastIndex', 1],
    ['founders', 'abcd'],
  ]
  const parts = fields.flatMap(([name, value]) => [
    text(name),
    typeof value === 'number' ? Buffer.from([value]) : text(value),
  ])
  const body = Buffer.concat([Buffer.from([1, 0x80 | fields.length]), ...parts])
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}
