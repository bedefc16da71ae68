import t from 'tap'
import { type Admin, connect, openAdmin, type Watch } from '../src/index.ts'
import { fakeCluster } from './fake-cluster.ts'

type Kit = ReturnType<typeof fakeCluster>

function admin(kit: Kit, more: object = {}): Admin {
  const { addresses, ...reach } = kit.reach
  return openAdmin(addresses, { ...reach, ...more })
}

async function take(kit: Kit, watch: Watch, count: number): Promise<number[]> {
  const iterator = watch[Symbol.asyncIterator]()
  const revisions: number[] = []
  while (revisions.length < count) {
    const { value, done } = await kit.world.until(iterator.next())
    if (done) break
    revisions.push(value.revision)
  }
  return revisions
}

async function failure(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return await promise.then(
    () => new Error('it did not fail'),
    (error) => error,
  )
}

await t.test('reads go to the leader, and are asked again after a break', async (t) => {
  const kit = fakeCluster()
  const look = admin(kit)
  kit.cluster.fate = ({ operation }, node) => (operation.op === 'lock.get' && node.id === 1 ? 'lose' : 'pass')
  kit.world.setTimer(() => kit.cluster.kill(5), 10)
  const result = await kit.world.until(look.request({ op: 'lock.get', namespace: 'test', name: 'a' }))
  t.equal(result.name, 'a')
  t.equal(look.leader?.node, 2)
  await look.close()
  t.match(await failure(look.request({ op: 'member.list' })), { code: 'closed' })
})

await t.test('a command about the cluster is not repeated: its outcome is unknown', async (t) => {
  const kit = fakeCluster()
  const look = admin(kit)
  kit.cluster.fate = ({ operation }) => (operation.op === 'member.remove' ? 'loseAnswer' : 'pass')
  const error = await failure(kit.world.until(look.request({ op: 'member.remove', id: 3 })))
  t.match(error, { code: 'outcomeUnknown' })
  t.equal(kit.cluster.seen.filter(({ op }) => op === 'member.remove').length, 1)
  // A refusal says that nothing was done: it may be asked elsewhere.
  let refusals = 0
  kit.cluster.fate = ({ operation }) =>
    operation.op === 'leader.transfer' && ++refusals === 1 ? { refuse: 'notLeader' } : 'pass'
  t.same(await kit.world.until(look.request({ op: 'leader.transfer', to: 1 })), { leader: 1 })
  t.match(await failure(look.request({ op: 'lock.acquire' } as never)), { code: 'invalid' })
  await look.close()
})

for (const refuse of ['notLeader', 'uncertain'] as const) {
  await t.test(
    `a command about the cluster is waited for, though a read was answered ${refuse}`,
    async (t) => {
      const kit = fakeCluster()
      const look = admin(kit)
      kit.cluster.commitMs = 50
      let reads = 0
      kit.cluster.fate = ({ operation }) =>
        operation.op === 'lock.get' && ++reads === 1 ? { refuse } : 'pass'
      const moved = look.request({ op: 'leader.transfer', to: 1 })
      const read = look.request({ op: 'lock.get', namespace: 'test', name: 'a' })
      t.same(await kit.world.until(moved), { leader: 1 }, 'it is not broken off')
      t.match(await kit.world.until(read), { name: 'a' }, 'the read is asked again afterwards')
      t.equal(kit.cluster.seen.filter(({ op }) => op === 'leader.transfer').length, 1)
      t.equal(reads, 2)
      await look.close()
    },
  )
}

await t.test('a command that its node cannot tell the end of has an unknown outcome', async (t) => {
  const kit = fakeCluster()
  const look = admin(kit)
  kit.cluster.fate = ({ operation }) => (operation.op === 'member.remove' ? { refuse: 'uncertain' } : 'pass')
  t.match(await failure(kit.world.until(look.request({ op: 'member.remove', id: 3 }))), {
    code: 'outcomeUnknown',
  })
  await look.close()
})

await t.test('a request that finds nobody ends at its deadline', async (t) => {
  const kit = fakeCluster()
  kit.cluster.leader = undefined
  const look = admin(kit, { deadlineMs: 500 })
  const error = await failure(kit.world.until(look.request({ op: 'member.list' })))
  t.match(error, { code: 'deadline', message: /n3:5555: follows nobody/ })
  await look.close()
})

await t.test('the status of all nodes is asked of each, also of those that nobody named', async (t) => {
  const kit = fakeCluster()
  const look = admin({ ...kit, reach: { ...kit.reach, addresses: ['n2:5555'] } })
  kit.cluster.nodes[2]!.isUp = false
  const reports = await kit.world.until(look.statusOfAll())
  t.same(
    reports.map((report) => [report.address, report.ok ? report.status.role : report.error.code]),
    [
      ['n2:5555', 'follower'],
      ['n1:5555', 'leader'],
      ['n3:5555', 'unreachable'],
    ],
  )
  await look.close()
})

await t.test('a watch goes on from its revision, over changes of leader, without a miss (O23)', async (t) => {
  const kit = fakeCluster()
  const session = await kit.world.until(connect({ ...kit.reach, namespace: 'test', ttlMs: 60_000 }))
  const look = admin(kit)
  const watch = look.watch({ namespace: 'test', prefix: 'SA1' })
  await kit.world.pass(5)
  const user = session.owner('u')
  for (let i = 0; i < 10; i++) {
    await kit.world.until(user.withLock(`SA1-${i}`, () => undefined))
    await kit.world.until(user.withLock(`other-${i}`, () => undefined))
    if (i === 3) kit.cluster.leader!.cutAll()
    if (i === 6) kit.cluster.kill(20)
  }
  const expected = kit.cluster.changes
    .filter(({ name }) => name.startsWith('SA1'))
    .map(({ revision }) => revision)
  t.equal(expected.length, 20)
  t.same(await take(kit, watch, 20), expected)
  t.equal(watch.nextRevision, expected.at(-1)! + 1)
  watch.close()
  t.same(await take(kit, watch, 1), [], 'a closed watch ends')
  await look.close()
})

await t.test('one address is enough for a watch: the others are learnt', async (t) => {
  const kit = fakeCluster()
  const { addresses: _all, ...reach } = kit.reach
  const seed = kit.cluster.nodes[1]!
  const look = openAdmin(seed.address, reach)
  const watch = look.watch({ namespace: 'test' })
  await kit.world.pass(50)
  t.equal(look.leader?.node, 1, 'the follower named the leader')
  seed.isUp = false
  seed.cutAll()
  kit.cluster.kill(5)
  const session = await kit.world.until(connect({ ...kit.reach, namespace: 'test', ttlMs: 60_000 }))
  await kit.world.until(session.owner('u').lock('a'))
  t.equal((await take(kit, watch, 1)).length, 1)
  t.equal(look.leader?.node, 3)
  await kit.world.until(session.close())
  await look.close()
})

await t.test('a watch that cannot go on says so (O23)', async (t) => {
  const kit = fakeCluster()
  const session = await kit.world.until(connect({ ...kit.reach, namespace: 'test', ttlMs: 60_000 }))
  const look = admin(kit)
  const watch = look.watch({ namespace: 'test' })
  await kit.world.pass(5)
  await kit.world.until(session.owner('u').lock('a'))
  t.same(await take(kit, watch, 1), [1])
  kit.cluster.kill(100)
  kit.cluster.oldestRevision = 50
  t.match(await failure(take(kit, watch, 1)), { code: 'compacted', detail: { fromRevision: 2, oldest: 50 } })
  t.same(await take(kit, watch, 1), [], 'after that it has ended')
  await look.close()
})

await t.test('a slow reader of a watch costs bounded memory and misses nothing', async (t) => {
  const kit = fakeCluster()
  const session = await kit.world.until(connect({ ...kit.reach, namespace: 'test', ttlMs: 60_000 }))
  const look = admin(kit, { limits: { watchBufferMax: 4 } })
  const watch = look.watch({ namespace: 'test', fromRevision: 1 })
  for (let i = 0; i < 15; i++) await kit.world.until(session.owner('u').lock(`l${i}`))
  await kit.world.pass(100)
  t.ok(kit.cluster.seen.some(({ op }) => op === 'watch.stop'))
  t.same(
    await take(kit, watch, 15),
    Array.from({ length: 15 }, (_, i) => i + 1),
  )
  await look.close()
})

await t.test('a watch ends with its signal, also while somebody waits for an event', async (t) => {
  const kit = fakeCluster()
  const look = admin(kit)
  const abort = new AbortController()
  const watch = look.watch({ namespace: 'test', signal: abort.signal })
  const waiting = take(kit, watch, 1)
  kit.world.setTimer(() => abort.abort(), 10)
  t.same(await waiting, [])
  await look.close()
})
