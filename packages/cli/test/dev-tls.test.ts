// `tranca dev --tls`, as a developer tries TLS: one flag, and the commands need nothing.
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import { connect, openAdmin, type RefusedError } from '@tranca/client'
import t from 'tap'
import { exitCodes } from '../src/exit-codes.ts'
import { type Started, start, tranca, trancaJson, until } from './kit.ts'

t.setTimeout(120_000)

interface Said {
  readonly addresses: string[]
  readonly members: { readonly admin: string }[]
  readonly tls: {
    readonly ca: string
    readonly admin: { readonly cert: string; readonly key: string }
    readonly client: { readonly cert: string; readonly key: string }
  }
}

const state = t.testdir()
const here = { state }
let dev: Started

async function startDev(): Promise<Said> {
  dev = start(['dev', '--tls', '--dir', join(state, 'dev'), '--members', '2', '-o', 'json'], here)
  await until(`the cluster is ready ${dev.stderr()}`, () => dev.stdout().endsWith('}\n'))
  return JSON.parse(dev.stdout()) as Said
}

async function stopDev(): Promise<void> {
  dev.kill('SIGINT')
  await dev.ended
}
t.teardown(() => stopDev())

const pemOf = ({ ca, client }: Said['tls']) => ({
  ca: readFileSync(ca),
  cert: readFileSync(client.cert),
  key: readFileSync(client.key),
})

const said = await startDev()
const program = pemOf(said.tls)

await t.test('tranca comes in by itself, as an administrator', async (t) => {
  const members = await trancaJson<unknown[]>(['member', 'list'], here)
  t.equal(members.length, 2)
  const moved = await tranca(['drain', 'n1'], here)
  t.equal(moved.code, exitCodes.ok, moved.stderr)
})

await t.test('a program comes in with the certificate made for it, which is no administrator', async (t) => {
  const reach = { addresses: said.addresses, tls: program }
  const session = await connect({ ...reach, namespace: 'production', deadlineMs: 30_000 })
  await (await session.owner('u1').lock('SA1000001')).release()
  await session.close()
  const admin = openAdmin(said.addresses, reach)
  const refused = await admin.request({ op: 'leader.transfer' }).catch((error: RefusedError) => error)
  t.match(refused, { code: 'denied', detail: { role: 'client' } })
  await admin.close()
})

await t.test('nobody else comes in: without a certificate, or without TLS', async (t) => {
  const addresses = ['--addresses', said.addresses.join(','), '--timeout', '3s']
  const plain = await tranca(['lock', 'list', ...addresses], here)
  t.not(plain.code, exitCodes.ok)
  t.match(plain.stderr, /expect TLS/)
  const bare = await tranca(['lock', 'list', ...addresses, '--ca', said.tls.ca], here)
  t.not(bare.code, exitCodes.ok)
  t.match(bare.stderr, /denied|certificate/)
})

await t.test('health is HTTPS', async (t) => {
  const code = await new Promise((resolve, reject) => {
    const url = `https://${said.members[0]!.admin}/livez`
    https.get(url, { ca: program.ca }, (answer) => resolve(answer.resume().statusCode)).on('error', reject)
  })
  t.equal(code, 200)
})

await t.test('after another start, a program that believed the authority goes on', async (t) => {
  await stopDev()
  const next = await startDev()
  t.same(next.addresses, said.addresses)
  t.same(readFileSync(next.tls.ca), program.ca)
  const session = await connect({
    addresses: next.addresses,
    tls: program,
    namespace: 'production',
    deadlineMs: 30_000,
  })
  t.equal(session.status, 'live')
  await session.close()
})
