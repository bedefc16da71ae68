import { openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startDevCluster } from '../src/dev-cluster.ts'
import { isAlive } from '../src/process-lock.ts'
import { calmTiming, logsOf, start, startTestCluster, tranca, trancaJson, until } from './kit.ts'

const state = t.testdir()
// Real processes on a machine that may be busy: the deadlines within are what bounds a test.
t.setTimeout(300_000)
const directory = join(state, 'cluster')
let cluster = await startTestCluster(directory)
t.teardown(async () => {
  await cluster.close()
  if (!t.passing()) t.comment(logsOf(cluster))
})
const here = { state, addresses: cluster.addresses }

interface Status {
  readonly leader?: { readonly id: number; readonly name: string }
  readonly members: readonly {
    readonly id: number
    readonly name: string
    readonly role: string
    readonly vote: string
    readonly lag?: number
    readonly drained: boolean
  }[]
}

const statusOf = () => trancaJson<Status>(['status'], here)
const other = async () => {
  const leader = await cluster.leader()
  return cluster.members.find((member) => member.name !== leader.name)!
}

await t.test('promote moves leadership to the member that is named', async (t) => {
  const target = await other()
  const said = await tranca(['promote', target.name], here)
  t.equal(said.code, 0, said.stderr)
  t.match(said.stderr, new RegExp(`${target.name} leads`))
  t.equal((await statusOf()).leader?.name, target.name)
  t.equal((await tranca(['promote', String((await other()).id)], here)).code, 0, 'also by number')
  const nobody = await tranca(['promote', 'n9'], here)
  t.equal(nobody.code, 1)
  t.match(nobody.stderr, /no member 'n9'/)
})

await t.test('a drained leader hands over, does not lead again, and does after undrain', async (t) => {
  const leader = await cluster.leader()
  const drained = await tranca(['drain', leader.name], here)
  t.equal(drained.code, 0, drained.stderr)
  const after = await statusOf()
  t.not(after.leader?.name, leader.name)
  t.equal(after.members.find((member) => member.name === leader.name)?.drained, true)
  const refused = await tranca(['promote', leader.name, '--timeout', '3s'], here)
  t.ok(refused.code === 1 || refused.code === 4, `exit code ${refused.code}`)
  t.not((await cluster.leader()).name, leader.name)
  t.equal((await tranca(['undrain', leader.name], here)).code, 0)
  const back = await tranca(['promote', leader.name], here)
  t.equal(back.code, 0, back.stderr)
})

await t.test('a killed leader is replaced, calls go on, and it comes back as a follower', async (t) => {
  const before = await trancaJson<{ token: number }>(['lock', 'acquire', 'kept', '--ttl', '5m'], here)
  const leader = await cluster.leader()
  await cluster.kill(leader.name)
  const held = await tranca(['lock', 'acquire', 'kept'], here)
  t.equal(held.code, 1, 'the lock is still held')
  t.match(held.stderr, new RegExp(`token ${before.token}`))
  t.equal((await tranca(['lock', 'release', 'kept'], here)).code, 0)
  await cluster.restart(leader.name)
  await cluster.whenReady({ timeoutMs: 60_000 })
  t.ok((await statusOf()).members.every((member) => member.role !== 'unreachable'))
})

await t.test(
  'a fourth member joins as a learner, gets its vote when it has caught up, and leaves',
  async (t) => {
    const fourth = await cluster.addMember()
    const added = await tranca(
      ['member', 'add', fourth.name, '--peer', fourth.peer, '--client', fourth.client],
      here,
    )
    t.equal(added.code, 0, added.stderr)
    t.match(added.stderr, /becomes a voter by itself/)
    t.equal(
      (await tranca(['member', 'add', fourth.name, '--peer', fourth.peer, '--client', fourth.client], here))
        .code,
      1,
    )
    await until(
      'it is promoted',
      async () => (await tranca(['member', 'promote', fourth.name], here)).code === 0,
    )
    await until('it votes', async () => {
      return (await statusOf()).members.find((each) => each.name === fourth.name)?.vote === 'voter'
    })
    const listed = await trancaJson<{ name: string; id: number }[]>(['member', 'list'], here)
    t.same(
      listed.map((member) => member.id),
      [1, 2, 3, 4],
    )
    t.equal((await tranca(['member', 'remove', fourth.name], here)).code, 2, 'asks for --yes')
    t.equal((await tranca(['member', 'remove', fourth.name, '--yes'], here)).code, 0)
    t.same(
      (await statusOf()).members.filter((member) => member.vote !== 'none').map((member) => member.id),
      [1, 2, 3],
    )
    await cluster.removeMember(fourth.name)
  },
)

await t.test(
  'verify and audit find nothing wrong in a stopped directory, and name the place of a damaged byte',
  async (t) => {
    const member = await other()
    await cluster.stop(member.name)
    const fine = await trancaJson<{ ok: boolean; summary: { nodeId: string; clean: boolean } }>(
      ['verify', member.data],
      { state },
    )
    t.match(fine, { ok: true, summary: { nodeId: String(member.id), clean: true } })
    const table = await tranca(['verify', member.data], { state })
    t.match(table.stderr, /nothing is wrong/)
    const audited = await trancaJson<{
      ok: boolean
      checkpoint: { index: number }
      commit: number
      entries: number
    }>(['audit', member.data], { state })
    t.equal(audited.ok, true)
    t.equal(audited.entries, audited.commit - audited.checkpoint.index)
    const told = await tranca(['audit', member.data, '--lang', 'pt-BR'], { state })
    t.match(told.stderr, /cada passo está certo/)
    flipOneByte(member.data)
    t.equal((await tranca(['audit', member.data], { state })).code, 5)
    const damaged = await tranca(['verify', member.data], { state })
    t.equal(damaged.code, 5)
    t.match(damaged.stdout, /error/)
    const refused = await tranca(['node', 'start', '--config', member.config], { state })
    t.equal(refused.code, 5, 'and the node refuses to start with less')
    const repaired = await tranca(['node', 'repair', '--config', member.config], { state })
    t.equal(repaired.code, 0, repaired.stderr)
    await cluster.restart(member.name)
    await until('the repaired member has caught up', async () => {
      const seen = (await statusOf()).members.find((each) => each.id === member.id)
      return seen !== undefined && seen.role === 'follower' && seen.lag === 0
    })
  },
)

await t.test('a cluster that is started again is on the same ports and has its data', async (t) => {
  const taken = await trancaJson<{ last: string }>(
    ['sequence', 'next', 'kept', '--kind', 'fast', '--width', '5', '--count', '7'],
    here,
  )
  t.equal(taken.last, '00007')
  const { addresses } = cluster
  await cluster.close()
  cluster = await startDevCluster({ directory, timing: calmTiming })
  await cluster.whenReady({ timeoutMs: 60_000 })
  t.same(cluster.addresses, addresses)
  t.equal((await tranca(['sequence', 'next', 'kept'], here)).stdout, '00008\n')
  await t.rejects(startDevCluster({ directory }), { code: 'DEV_DIRECTORY_IN_USE' })
})

await t.test(
  'tranca dev serves commands that name no address, and Ctrl-C ends it with all its members',
  async (t) => {
    const home = join(state, 'dev-home')
    const dev = start(['dev', '--members', '1', '--dir', join(home, 'dev'), '--port', '0', '-o', 'json'], {
      state: home,
    })
    t.equal((await dev.ended).code, 2, 'port 0 is no port')
    const running = start(['dev', '--members', '1', '--dir', join(home, 'dev'), '-o', 'json'], {
      state: home,
    })
    await until('it is ready', () => running.stdout().endsWith('}\n'))
    const { members } = JSON.parse(running.stdout()) as { members: { pid: number }[] }
    t.equal((await tranca(['health', '--leader', '--quiet'], { state: home })).code, 0)
    running.kill('SIGINT')
    t.equal((await running.ended).code, 0)
    await until('no process is left', () => members.every((member) => !isAlive(member.pid)))

    const killed = start(['dev', '--dir', join(home, 'dev'), '-o', 'json'], { state: home })
    await until('it is ready again', () => killed.stdout().endsWith('}\n'))
    const again = JSON.parse(killed.stdout()) as { members: { pid: number }[] }
    killed.kill('SIGKILL')
    await until('members do not outlive a killed parent', () =>
      again.members.every((member) => !isAlive(member.pid)),
    )
  },
)

await t.test(
  'a second tranca dev needs ports of its own, and leaves the first one to be found',
  async (t) => {
    const home = join(state, 'two-homes')
    const dev = (name: string, ...more: string[]) =>
      start(['dev', '--members', '1', '--dir', join(home, name), '-o', 'json', ...more], { state: home })
    const first = dev('first')
    await until('the first is ready', () => first.stdout().endsWith('}\n'))
    const { addresses } = JSON.parse(first.stdout()) as { addresses: string[] }
    const port = addresses[0]!.split(':')[1]!
    const same = dev('same', '--port', port)
    t.equal((await same.ended).code, 2)
    t.match(same.stderr(), 'DEV_PORT_IN_USE')
    t.match(same.stderr(), `127.0.0.1:${port}, where n1 would listen, is in use`)

    const second = dev('second')
    await until('the second is ready', () => second.stdout().endsWith('}\n'))
    second.kill('SIGINT')
    t.equal((await second.ended).code, 0)
    t.equal((await tranca(['health', '--leader', '--quiet'], { state: home })).code, 0, 'the first is found')
    first.kill('SIGINT')
    t.equal((await first.ended).code, 0)
    t.equal((await tranca(['health', '--quiet'], { state: home })).code, 3, 'nothing is left')
  },
)

/** In the middle of the part of the log that holds entries. */
function flipOneByte(data: string): void {
  const folder = readdirSync(data, { recursive: true, encoding: 'utf8' })
  const segments = folder.filter((name) => /log.*\//.test(name) && statSync(join(data, name)).isFile()).sort()
  const file = openSync(join(data, segments[0]!), 'r+')
  const bytes = Buffer.alloc(statSync(join(data, segments[0]!)).size)
  readSync(file, bytes, 0, bytes.length, 0)
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  const at = Math.floor(end / 2)
  writeSync(file, Buffer.from([bytes[at]! ^ 0x10]), 0, 1, at)
}
