import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readSessions } from '../src/state-file.ts'
import { logsOf, start, startProcess, startTestCluster, tranca, trancaJson, until } from './kit.ts'

// A real cluster: three processes on loopback, one for all tests of this file.
const state = t.testdir()
// Real processes on a machine that may be busy: the deadlines within are what bounds a test.
t.setTimeout(300_000)
const cluster = await startTestCluster(join(state, 'cluster'))
t.teardown(async () => {
  await cluster.close()
  if (!t.passing()) t.comment(logsOf(cluster))
})
const here = { state, addresses: cluster.addresses }

interface Held {
  readonly token: number
  readonly session: number
  readonly untilMs: number
}

interface LockSeen {
  readonly name: string
  readonly holders: readonly {
    readonly client: string
    readonly owner: string
    readonly token: number
    readonly session: number
  }[]
}

const holdersOf = async (name: string) => (await trancaJson<LockSeen>(['lock', 'get', name], here)).holders

await t.test('status names the members, the leader and how far each is', async (t) => {
  const status = await trancaJson<{
    leader: { name: string }
    term: number
    commit: number
    members: { name: string; role: string; vote: string; applied: number; drained: boolean }[]
  }>(['status'], here)
  const leader = await cluster.leader()
  t.equal(status.leader.name, leader.name)
  t.ok(status.term >= 1 && status.commit >= 1)
  t.same(
    status.members.map((member) => member.name),
    ['n1', 'n2', 'n3'],
  )
  t.equal(status.members.filter((member) => member.role === 'leader').length, 1)
  t.ok(status.members.every((member) => member.vote === 'voter' && !member.drained && member.applied > 0))
  const table = await tranca(['status', '--lang', 'pt-BR'], here)
  t.match(table.stdout, /NÓ +ID +PAPEL/)
  t.match(table.stdout, /líder/)
  t.equal(table.stderr, '')
  const watching = start(['status', '--watch', '--interval', '50ms', '-o', 'json'], here)
  await until('three looks', () => watching.stdout().split('\n').length > 3)
  watching.kill('SIGINT')
  t.equal((await watching.ended).code, 0)
})

await t.test('health answers by meaning, and its exit code says so', async (t) => {
  const leader = await cluster.leader()
  const follower = cluster.members.find((member) => member.name !== leader.name)!
  const probe = async (args: readonly string[], addresses: readonly string[]) =>
    (await tranca(['health', '--quiet', ...args], { state, addresses })).code
  t.equal(await probe([], cluster.addresses), 0)
  t.equal(await probe(['--leader'], cluster.addresses), 0)
  t.equal(await probe(['--leader'], [leader.client]), 0)
  t.equal(await probe([], [follower.client]), 0, 'a follower can do its work')
  t.equal(await probe(['--leader'], [follower.client]), 1, 'and is not what a balancer looks for')
  t.equal(await probe([], ['127.0.0.1:1']), 3)
})

await t.test(
  'a lock outlives the call that took it, names its holder to others, and is given back by another call',
  async (t) => {
    const held = await trancaJson<Held>(
      ['lock', 'acquire', 'month-end', 'stock.01', '--ttl', '5m', '--owner', 'ana'],
      here,
    )
    t.ok(held.token > 0 && held.session > 0)
    t.ok(held.untilMs > Date.now() + 200_000)
    const refused = await tranca(['lock', 'acquire', 'stock.01'], here)
    t.equal(refused.code, 1)
    t.equal(refused.stdout, '')
    t.match(
      refused.stderr,
      new RegExp(
        `'stock.01' is held by 'ana' of tranca@\\S+ \\(session ${held.session}, .*token ${held.token}\\)`,
      ),
    )
    const inPortuguese = await tranca(['lock', 'acquire', 'stock.01'], {
      ...here,
      env: { LANG: 'pt_BR.UTF-8' },
    })
    t.match(inPortuguese.stderr, /'stock.01' está com 'ana'/)
    const asJson = await tranca(['lock', 'acquire', 'stock.01', '-o', 'json'], here)
    t.equal((JSON.parse(asJson.stderr) as { error: { code: string } }).error.code, 'held')
    const waited = await tranca(['lock', 'acquire', 'stock.01', '--wait', '200ms'], here)
    t.equal(waited.code, 4)
    t.match(waited.stderr, /did not become free in time/)
    const listed = await trancaJson<LockSeen[]>(['lock', 'list'], here)
    t.same(
      listed.map((lock) => lock.name),
      ['month-end', 'stock.01'],
    )
    t.equal((await tranca(['lock', 'release', 'stock.01'], here)).code, 1, 'only what was taken together')
    t.equal((await tranca(['lock', 'release', 'stock.01', 'month-end'], here)).code, 0)
    t.same(await trancaJson(['lock', 'list'], here), [])
    t.equal((await tranca(['lock', 'release', 'stock.01', 'month-end'], here)).code, 1, 'once')
    t.notOk(
      existsSync(join(state, 'tranca', 'sessions.json')),
      'nothing is left behind, also not of refusals',
    )
    t.same(await trancaJson(['session', 'list'], here), [])
  },
)

await t.test('a lock that nobody gives back ends with its time, and a late release says so', async (t) => {
  await trancaJson<Held>(['lock', 'acquire', 'forgotten', '--ttl', '2s'], here)
  t.equal((await holdersOf('forgotten')).length, 1)
  await until('the lock is free', async () => (await holdersOf('forgotten')).length === 0)
  const late = await tranca(['lock', 'release', 'forgotten'], here)
  t.equal(late.code, 1)
  t.match(late.stderr, /session is over/)
  t.notOk(existsSync(join(state, 'tranca', 'sessions.json')))
})

await t.test('namespaces keep the same name apart, in the cluster and in the session file', async (t) => {
  const one = await trancaJson<Held>(['lock', 'acquire', 'same'], here)
  const two = await trancaJson<Held>(['lock', 'acquire', 'same', '--namespace', 'homologation'], here)
  t.not(one.session, two.session)
  t.equal(readSessions(join(state, 'tranca', 'sessions.json')).length, 2)
  t.equal((await tranca(['lock', 'release', 'same', '-n', 'homologation'], here)).code, 0)
  t.equal((await holdersOf('same')).length, 1)
  t.equal((await tranca(['lock', 'release', 'same'], here)).code, 0)
})

await t.test(
  'numbers: reserved, confirmed, given back and issued again, declared, set, and exported',
  async (t) => {
    const gapless = ['--kind', 'gapless', '--width', '6', '--number-prefix', 'A']
    const first = await trancaJson<{ text: string; value: string; reissued: boolean }>(
      ['sequence', 'reserve', 'nf', ...gapless],
      here,
    )
    t.same([first.text, first.value, first.reissued], ['A000001', '000001', false])
    const second = await trancaJson<{ text: string }>(['sequence', 'reserve', 'nf'], here)
    t.equal(second.text, 'A000002')
    t.equal((await tranca(['sequence', 'rollback', 'nf', '000001'], here)).code, 0)
    const again = await tranca(['sequence', 'reserve', 'nf'], here)
    t.equal(again.stdout, 'A000001\n', 'the number alone on stdout')
    t.match(again.stderr, /issued again/)
    t.equal((await tranca(['sequence', 'confirm', 'nf', 'A000001'], here)).code, 0)
    t.equal((await tranca(['sequence', 'confirm', 'nf', 'A000001'], here)).code, 1, 'once')
    t.equal((await tranca(['sequence', 'rollback', 'nf', 'A000002'], here)).code, 0)
    const short = await tranca(['sequence', 'declare', 'nf', '000002', '--reason', 'short'], here)
    t.equal(short.code, 2)
    t.match(short.stderr, /15 to 255/)
    t.equal(
      (await tranca(['sequence', 'declare', 'nf', '000002', '--reason', 'form spoiled by the printer'], here))
        .code,
      0,
    )
    t.equal((await tranca(['sequence', 'set', 'nf', '000009', '--reason', 'taken over'], here)).code, 0)
    t.equal((await tranca(['sequence', 'set', 'nf', '000003', '--reason', 'back again'], here)).code, 1)
    const seen = await trancaJson<{ next: string; free: number; reserved: unknown[]; gaps: number }>(
      ['sequence', 'get', 'nf'],
      here,
    )
    t.match(seen, { next: '000010', free: 0, reserved: [], gaps: 2 })
    const exported = await tranca(['sequence', 'gaps', 'nf', '--export', 'csv'], here)
    const lines = exported.stdout.split('\r\n')
    t.equal(lines[0], 'name,company,branch,period,from,to,count,kind,at,owner,client,reason')
    t.match(
      lines[1],
      /^nf,,,,000002,000002,1,declared,\d{4}-.*,tester,tranca@.*,form spoiled by the printer$/,
    )
    t.match(lines[2], /^nf,,,,000003,000009,7,jump,/)
    const json = JSON.parse(
      (await tranca(['sequence', 'gaps', 'nf', '--export', 'json'], here)).stdout,
    ) as unknown[]
    t.equal(json.length, 2)
  },
)

await t.test('fast numbers come in blocks; companies and periods count apart', async (t) => {
  const fast = ['--kind', 'fast', '--width', '4']
  t.equal((await tranca(['sequence', 'next', 'tickets', ...fast], here)).stdout, '0001\n')
  t.equal((await tranca(['sequence', 'next', 'tickets', '--count', '10'], here)).stdout, '0002 0011\n')
  t.equal((await tranca(['sequence', 'next', 'tickets', '--company', '02'], here)).stdout, '0001\n')
  const year = await trancaJson<{ period: string }>(
    ['sequence', 'next', 'yearly', ...fast, '--reset', 'year'],
    here,
  )
  t.match(year.period, /^\d{4}$/)
  t.equal((await tranca(['sequence', 'next', 'nothing'], here)).code, 1)
  const listed = await trancaJson<{ name: string }[]>(['sequence', 'list', '--prefix', 'tickets'], here)
  t.equal(listed.length, 2)
})

await t.test(
  'a reservation that was not confirmed in time is refused, and its number goes to the next one',
  async (t) => {
    const reserved = await trancaJson<{ value: string }>(
      ['sequence', 'reserve', 'late', '--kind', 'gapless', '--width', '3', '--ttl', '2s'],
      here,
    )
    await until('the number is free again', async () => {
      return (await trancaJson<{ free: number }>(['sequence', 'get', 'late'], here)).free === 1
    })
    const late = await tranca(['sequence', 'confirm', 'late', reserved.value], here)
    t.equal(late.code, 1)
    t.match(late.stderr, /Too late/)
    const next = await trancaJson<{ value: string; reissued: boolean }>(['sequence', 'reserve', 'late'], here)
    t.same([next.value, next.reissued], [reserved.value, true])
    t.equal((await tranca(['sequence', 'rollback', 'late', next.value], here)).code, 0)
  },
)

await t.test("lock run gives the command's exit code and the fencing token in its environment", async (t) => {
  const script = 'echo $TRANCA_LOCK $TRANCA_TOKEN $TRANCA_SESSION; exit 9'
  const first = await tranca(['lock', 'run', 'job', 'job.2', '--', 'sh', '-c', script], here)
  t.equal(first.code, 9, first.stderr)
  const second = await tranca(['lock', 'run', 'job', 'job.2', '--', 'sh', '-c', script], here)
  const [names, token] = second.stdout.trim().split(' ')
  t.equal(names, 'job,job.2')
  t.ok(Number(token) > Number(first.stdout.split(' ')[1]), 'tokens grow')
  t.equal(second.stderr, '')
  t.equal((await tranca(['lock', 'run', 'job', '--', 'true'], here)).code, 0)
  t.equal((await tranca(['lock', 'run', 'job', '--', 'no-such-command-anywhere'], here)).code, 127)
  t.equal((await tranca(['lock', 'run', 'job', '--', state], here)).code, 126, 'a folder cannot be executed')
  t.equal((await tranca(['lock', 'run', 'job', '--', 'sh', '-c', 'kill -9 $$'], here)).code, 137)
  t.same(await trancaJson(['session', 'list'], here), [], 'no session is left')
})

await t.test(
  'lock run waits its turn, or refuses when told not to wait, and passes signals on',
  async (t) => {
    const holder = start(
      [
        'lock',
        'run',
        'turn',
        '--',
        'sh',
        '-c',
        'echo in; trap "echo asked; exit 5" TERM; while :; do sleep 0.05; done',
      ],
      here,
    )
    await until('the first holds it', () => holder.stdout().includes('in'))
    const hasty = await tranca(['lock', 'run', 'turn', '--wait', '0s', '--', 'true'], here)
    t.equal(hasty.code, 1)
    t.match(hasty.stderr, /held by 'tester'/)
    const patient = start(['lock', 'run', 'turn', '--', 'echo', 'my turn'], here)
    const impatient = start(['lock', 'run', 'turn', '--', 'echo', 'never'], here)
    await until('both wait', async () => {
      const { queue } = await trancaJson<{ queue: unknown[] }>(['lock', 'get', 'turn'], here)
      return queue.length === 2
    })
    const [session] = await trancaJson<{ locks: number }[]>(['session', 'list'], here)
    t.equal(session!.locks, 1)
    impatient.kill('SIGTERM')
    t.equal((await impatient.ended).code, 143)
    holder.kill('SIGTERM')
    const ended = await holder.ended
    t.equal(ended.code, 5, 'the code of the command')
    t.match(ended.stdout, /asked/)
    const turn = await patient.ended
    t.match(turn, { code: 0, stdout: 'my turn\n' })
    t.notMatch(impatient.stdout(), /never/)
  },
)

await t.test('kill -9 of lock run frees the lock when the time of its session is over', async (t) => {
  const victim = start(
    ['lock', 'run', 'fragile', '--ttl', '5s', '--', 'sh', '-c', 'echo $$; exec sleep 60'],
    here,
  )
  const orphan = Number(await until('it holds the lock', () => victim.stdout().trim() || undefined))
  t.teardown(() => process.kill(orphan, 'SIGKILL'))
  const [holder] = await holdersOf('fragile')
  victim.kill('SIGKILL')
  const waiting = start(['lock', 'run', 'fragile', '--', 'sh', '-c', 'echo $TRANCA_TOKEN'], here)
  const { code, stdout } = await waiting.ended
  t.equal(code, 0)
  t.ok(Number(stdout) > holder!.token, 'the next holder has a larger token')
})

await t.test('a watch tells what happens, in order, as lines of JSON', async (t) => {
  const watching = start(['watch', '--prefix', 'seen.', '-o', 'json'], here)
  const events = () =>
    watching
      .stdout()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { revision: number; kind: string; name: string })
  // Whether the watch has begun shows only in what it tells.
  await until('the watch has begun', async () => {
    await tranca(['lock', 'run', 'seen.0', '--', 'true'], here)
    return events().length > 0
  })
  t.equal((await tranca(['lock', 'run', 'seen.1', 'seen.2', '--', 'true'], here)).code, 0)
  t.equal((await tranca(['lock', 'run', 'unseen', '--', 'true'], here)).code, 0)
  await until(
    'both are released',
    () => events().filter((each) => each.kind === 'lock.released' && each.name !== 'seen.0').length === 2,
  )
  watching.kill('SIGINT')
  t.equal((await watching.ended).code, 0)
  const told = events()
  t.ok(told.every((event, at) => at === 0 || event.revision > told[at - 1]!.revision))
  t.ok(told.every((event) => event.name.startsWith('seen.')))
  t.equal(told.filter((event) => event.kind === 'lock.granted' && event.name === 'seen.1').length, 1)
  const gone = await tranca(['watch', '--from', '0'], here)
  t.equal(gone.code, 1)
  t.match(gone.stderr, /the oldest kept is \d+/)
})

// One owner, one number at a time, across whatever happens to the cluster.
const PYTHON_NUMBERS = 200
const pythonScript = `
import json, sys
from tranca import GAPLESS, Client, Refused
with Client(sys.argv[1].split(','), namespace='production', client='py', patience_s=50.0) as tranca:
    lock = tranca.acquire('u1', ['python.job'])
    print('started', flush=True)
    values = []
    for _ in range(${PYTHON_NUMBERS}):
        number = tranca.reserve('u1', 'python', spec=GAPLESS)
        values.append(tranca.confirm('u1', 'python', number))
    with Client(sys.argv[1].split(','), namespace='production', client='py2') as other:
        try:
            other.acquire('u2', ['python.job'])
            refused = None
        except Refused as refusal:
            refused = refusal.cause
    tranca.release('u1', ['python.job'], token=lock['token'])
    print(json.dumps({'values': values, 'refused': refused, 'token': lock['token']}))
`
const hasPython = spawnSync('python3', ['--version']).status === 0

await t.test(
  'the Python client works against the live cluster, across the death of the leader',
  { skip: hasPython ? false : 'python3 is not installed' },
  async (t) => {
    const folder = fileURLToPath(new URL('../../../protocol/python', import.meta.url))
    const env = { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' }
    const python = startProcess('python3', ['-c', pythonScript, cluster.addresses.join(',')], {
      ...here,
      env,
    })
    await until('it has its lock', () => python.stdout().includes('started'))
    await until('it has some numbers', async () => {
      const found = await tranca(['sequence', 'get', 'python', '-o', 'json'], here)
      return found.code === 0 && Number((JSON.parse(found.stdout) as { last?: string }).last ?? 0) >= 10
    })
    const leader = await cluster.leader()
    await cluster.kill(leader.name)
    const ended = await python.ended
    t.equal(ended.code, 0, ended.stderr)
    const said = JSON.parse(ended.stdout.split('\n')[1] ?? '') as {
      values: string[]
      refused: string
      token: number
    }
    t.same(
      said.values,
      Array.from({ length: PYTHON_NUMBERS }, (_, at) => String(at + 1).padStart(9, '0')),
      'every number once, in order, none missing',
    )
    t.equal(said.refused, 'held')
    t.ok(said.token > 0)
    await cluster.restart(leader.name)
    await cluster.whenReady({ timeoutMs: 60_000 })
  },
)

await t.test(
  'when the whole cluster hangs, lock run ends its command in time and says that the lock is lost',
  async (t) => {
    const script = 'trap "echo ending; exit 0" TERM; echo in; while :; do sleep 0.05; done'
    const run = start(['lock', 'run', 'cut', '--ttl', '6s', '--grace', '1s', '--', 'sh', '-c', script], here)
    await until('it holds the lock', () => run.stdout().includes('in'))
    const [first, ...others] = cluster.members
    for (const member of others) await cluster.kill(member.name, 'SIGSTOP')
    const alone = await tranca(['lock', 'list', '--timeout', '6s'], { state, addresses: [first!.client] })
    t.equal(alone.code, 3, 'one of three leads nobody')
    t.match(alone.stderr, /No node leads at the moment/)
    await cluster.kill(first!.name, 'SIGSTOP')
    const ended = await run.ended
    for (const member of cluster.members) await cluster.kill(member.name, 'SIGCONT')
    t.equal(ended.code, 7, ended.stderr)
    t.match(ended.stdout, /ending/)
    t.match(ended.stderr, /can no longer be guaranteed/)
    await cluster.whenReady({ timeoutMs: 60_000 })
  },
)
