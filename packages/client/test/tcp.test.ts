import t from 'tap'
import { connect, openAdmin, parseAddress, systemClock } from '../src/index.ts'
import { FakeCluster } from './fake-cluster.ts'
import { serve } from './served.ts'

await t.test('over real sockets: work, the end of the leader, work', async (t) => {
  const cluster = new FakeCluster(systemClock)
  const servers = await Promise.all(cluster.nodes.map(serve))
  t.teardown(() => {
    cluster.close()
    for (const server of servers) server.close()
  })
  const session = await connect({ addresses: cluster.addresses, namespace: 'test', ttlMs: 5_000 })
  const user = session.owner('u')
  const lock = await user.lock('a')
  const draw = async (i: number) => {
    const values: string[] = []
    for (let round = 0; round < 20; round++) values.push((await user.sequence(`s${i}`).next()).value)
    return values
  }
  const work = Array.from({ length: 50 }, (_, i) => draw(i))
  await work[0]
  const killed = cluster.leader!
  const startMs = performance.now()
  killed.isUp = false
  servers[killed.id - 1]!.close()
  cluster.kill(5)
  await user.sequence('after').next()
  t.comment(`the kill was over after ${(performance.now() - startMs).toFixed(1)} ms`)
  const all = await Promise.all(work)
  t.ok(all.every((values) => values.at(-1) === '000020'))
  for (const times of cluster.ledger.executed.values()) t.ok(times <= 20)
  await lock.release()
  const admin = openAdmin(cluster.addresses)
  const reports = await admin.statusOfAll()
  t.same(
    reports.map((report) => report.ok),
    [false, true, true],
  )
  await admin.close()
  await session.close()
  t.equal(cluster.ledger.sessions.size, 0)
})

await t.test('addresses are read as people write them', async (t) => {
  t.same(parseAddress('erp'), { host: 'erp', port: 5555 })
  t.same(parseAddress('10.0.0.1:7000'), { host: '10.0.0.1', port: 7000 })
  t.same(parseAddress('[::1]:7000'), { host: '::1', port: 7000 })
  t.same(parseAddress('::1'), { host: '::1', port: 5555 })
  t.throws(() => parseAddress('a:b:c'), /expected host/)
  t.throws(() => parseAddress('a:0'), /port from 1/)
})
