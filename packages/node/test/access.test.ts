import { createHash } from 'node:crypto'
import { decodeRequest, encodeRequest, operationList, Writer } from '@tranca/protocol'
import t from 'tap'
import { parseConfig } from '../src/index.ts'
import { Access } from '../src/security/access.ts'
import { type Identity, identityOf } from '../src/security/identity.ts'
import { missingRole, roles } from '../src/security/roles.ts'
import { bindSessionKey } from '../src/security/session-key.ts'

const base = {
  cluster: 'erp',
  id: 1,
  data: 'data',
  members: [{ id: 1, name: 'n1', peer: '127.0.0.1:5655', client: '127.0.0.1:5555' }],
}
const tls = { ca: 'ca.crt', cert: 'n1.crt', key: 'n1.key' }

function configOf(more: object) {
  return parseConfig(JSON.stringify({ ...base, ...more }), '/etc/tranca/n1.yml')
}

function complaint(more: object): string {
  try {
    configOf(more)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex')
const client = (role: 'monitor' | 'client' | 'admin', name: string, more: object = {}): Identity => {
  return { kind: 'client', cluster: 'erp', role, name, serial: '1', ...more }
}

t.test('a certificate names one member or client, in one form only', async (t) => {
  const named = (subjectAltName: string | undefined) =>
    identityOf({ subjectAltName, serialNumber: '00AB:cd' })
  t.same(named('DNS:n1, IP Address:10.0.0.1, URI:tranca://erp/member/12'), {
    kind: 'member',
    cluster: 'erp',
    id: 12,
    serial: 'abcd',
  })
  t.match(named('URI:tranca://erp/admin/maria'), { kind: 'client', role: 'admin', name: 'maria' })
  for (const bad of [
    undefined,
    '',
    'DNS:tranca://erp/member/1',
    'URI:tranca://erp/member/0',
    'URI:tranca://erp/member/01',
    'URI:tranca://erp/member/n1',
    'URI:tranca://erp/root/maria',
    'URI:tranca://erp/authority/erp',
    'URI:tranca://erp/admin/maria/more',
    'URI:tranca://erp/admin/',
    'URI:tranca://erp/admin/ma ria',
    'URI:https://tranca://erp/admin/maria',
    'URI:tranca://erp/member/1, URI:tranca://erp/admin/maria',
    // A name that contains what looks like another one.
    'DNS:"x, URI:tranca://erp/admin/maria, y"',
  ]) {
    t.equal(named(bad), undefined, String(bad))
  }
})

t.test('every operation has a least role, and each role may do what those before it may', async (t) => {
  for (const { name, kind } of operationList) {
    const allowed = roles.filter((role) => missingRole(role, name) === undefined)
    t.same(allowed, roles.slice(roles.length - allowed.length), `${name}: ${allowed}`)
    t.ok(allowed.includes('admin'), `${name}: an administrator may do it`)
    if (kind === 'read')
      t.ok(allowed.includes('monitor'), `${name}: changes nothing, so a monitor may read it`)
    if (kind === 'command') t.notOk(allowed.includes('monitor'), `${name}: a monitor changes nothing`)
  }
  for (const name of [
    'member.remove',
    'leader.transfer',
    'key.install',
    'license.rules',
    'sequence.set',
  ] as const)
    t.equal(missingRole('client', name), 'admin', name)
})

t.test('without TLS and tokens nobody is asked; with either everybody is', async (t) => {
  t.same(new Access(configOf({})).principalOf(undefined, undefined), { role: 'admin', name: '' })
  const access = new Access(configOf({ tls }))
  t.equal(access.principalOf(undefined, undefined), undefined)
  t.equal(access.principalOf(undefined, 'tranca-anything'), undefined)
  t.same(access.principalOf(client('monitor', 'zabbix'), undefined), { role: 'monitor', name: 'zabbix' })
  t.equal(access.principalOf(client('admin', 'maria', { cluster: 'other' }), undefined), undefined)
  const member: Identity = { kind: 'member', cluster: 'erp', id: 1, serial: '1' }
  t.equal(access.principalOf(member, undefined), undefined, 'a member is no client')
})

t.test(
  'a token must be right, whatever the certificate says; two of one name are good at once',
  async (t) => {
    const tokens = [
      { name: 'erp', role: 'client', sha256: hashOf('tranca-old') },
      { name: 'erp', role: 'client', sha256: hashOf('tranca-new') },
      { name: 'zabbix', role: 'monitor', sha256: hashOf('tranca-z') },
    ]
    const access = new Access(configOf({ tls, access: { tokens } }))
    for (const token of ['tranca-old', 'tranca-new'])
      t.same(access.principalOf(undefined, token), { name: 'erp', role: 'client' })
    t.same(access.principalOf(client('admin', 'maria'), 'tranca-z'), { name: 'zabbix', role: 'monitor' })
    for (const wrong of ['', 'tranca-ol', 'tranca-old ', hashOf('tranca-old'), 'x'.repeat(4096)]) {
      t.equal(access.principalOf(client('admin', 'maria'), wrong), undefined, wrong.slice(0, 20))
    }
  },
)

t.test('a certificate that was revoked by its serial number is good for nothing', async (t) => {
  const access = new Access(configOf({ tls, access: { revoked: ['00:AB:CD'] } }))
  t.equal(access.principalOf(client('admin', 'maria', { serial: 'abcd' }), undefined), undefined)
  t.ok(access.principalOf(client('admin', 'maria', { serial: 'abce' }), undefined))
  const member = (id: number, serial: string): Identity => ({ kind: 'member', cluster: 'erp', id, serial })
  access.proveMember(member(2, '1'), 2)
  t.throws(() => access.proveMember(member(2, 'abcd'), 2), { code: 'PEER_UNPROVED' })
})

t.test('only its own certificate proves a member', async (t) => {
  const access = new Access(configOf({ tls }))
  const member = (id: number, cluster = 'erp'): Identity => ({ kind: 'member', cluster, id, serial: '1' })
  access.proveMember(member(3), 3)
  for (const stranger of [undefined, member(2), member(3, 'other'), client('admin', '3')]) {
    t.throws(() => access.proveMember(stranger, 3), {
      code: 'PEER_UNPROVED',
      message: /expected tranca:..erp.member.3/,
    })
  }
})

t.test(
  "a session's key is bound to the name of who opened it, in the bytes of the log as well",
  async (t) => {
    const key = Uint8Array.from({ length: 16 }, (_, i) => i)
    const request = {
      id: 7,
      acks: [5, 6],
      operation: { op: 'session.resume' as const, session: 17, key, outstanding: [3] },
    }
    const ana = bindSessionKey(request, { role: 'client', name: 'ana' })
    const again = bindSessionKey(request, { role: 'admin', name: 'ana' })
    const bia = bindSessionKey(request, { role: 'client', name: 'bia' })
    t.same(ana.operation, again.operation)
    t.notSame(ana.operation.key, bia.operation.key)
    t.notSame([...ana.operation.key], [...key])
    const decoded = decodeRequest(ana.bytes)
    t.match(decoded, { kind: 'command', id: 7, acks: [5, 6] })
    t.same(decoded.kind === 'command' && decoded.operation, ana.operation)
    const writer = new Writer()
    encodeRequest(writer, 'session.resume', 7, [5, 6], request.operation)
    t.equal(ana.bytes.length, writer.take().length - 4, 'one key in place of another')
  },
)

t.test(
  'a configuration says what it protects with, and nothing travels in plain text by accident',
  async (t) => {
    const open = { members: [{ ...base.members[0], client: '10.0.0.1:5555', peer: '10.0.0.1:5655' }] }
    t.match(complaint(open), /insecure: true/)
    t.equal(complaint({ ...open, tls }), '')
    const config = configOf({ ...open, tls: { ...tls, admin: { ca: 'a', cert: 'b', key: '/c' } } })
    t.match(config.tls, { ca: '/etc/tranca/ca.crt', cert: '/etc/tranca/n1.crt', key: '/etc/tranca/n1.key' })
    t.same(config.tls?.admin, { ca: '/etc/tranca/a', cert: '/etc/tranca/b', key: '/c' })
    t.match(complaint({ tls, insecure: true }), /insecure: true, though there is tls/)
    const tokens = [{ name: 'erp', role: 'client', sha256: hashOf('x') }]
    t.match(
      complaint({ ...open, insecure: true, access: { tokens } }),
      /tokens would travel .* in plain text/,
    )
    t.equal(complaint({ access: { tokens } }), '', 'on loopback nobody listens')
    t.match(complaint({ access: { tokens: [{ name: 'erp', role: 'root', sha256: hashOf('x') }] } }), /role/)
    const pasted = complaint({
      access: { tokens: [{ name: 'erp', role: 'client', sha256: 'tranca-secret' }] },
    })
    t.match(pasted, /access\.tokens\.0: .*64 hex/)
    t.notMatch(pasted, /tranca-secret/, 'a token in the place of its hash is not told')
    t.match(complaint({ tls: { ca: 'a', cert: 'b' } }), /tls\.key/)
    const named = { members: [{ ...base.members[0], client: '127.example.com:5555' }] }
    t.match(complaint(named), /insecure: true/, 'a host name that only looks like loopback')
  },
)
