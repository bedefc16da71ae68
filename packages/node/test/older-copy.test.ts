import { cpSync, rmSync } from 'node:fs'
import t from 'tap'
import { gapless, TestCluster, until } from './cluster-kit.ts'

// Members 1 and 3 stored what member 2 has not; then 3 is put back to a time before that, and 1 is away.
t.test('an older copy gives no vote to a member that is behind, and nothing is lost (O17)', async (t) => {
  const cluster = await TestCluster.start(t, 3)
  const session = await cluster.session({ ttlMs: 120_000 })
  const orders = session.owner('u').sequence('SC5')
  await orders.define(gapless)
  const take = async (): Promise<string> => {
    const number = await orders.reserve()
    await number.confirm()
    return number.value
  }
  t.equal(await take(), '000001')
  await cluster.whenEqual()
  await cluster.stopNode(3)
  const [data, copy] = [cluster.dataOf(3), `${cluster.dataOf(3)}-old`]
  cpSync(data, copy, { recursive: true })
  await cluster.startNode(3)
  // Until then a later copy of it cannot be told from the directory itself.
  await until('the second start is in the ledger', async () => {
    const { members } = await cluster.admin.request({ op: 'member.list' })
    return members.find(({ id }) => id === 3)?.starts === 2
  })
  await cluster.whenEqual()
  await cluster.stopNode(2)
  t.equal(await take(), '000002')
  const held = await session.owner('u').lock('A')
  await cluster.crashNode(1)
  await cluster.stopNode(3)
  rmSync(data, { recursive: true })
  cpSync(copy, data, { recursive: true })

  await cluster.startNode(2)
  await cluster.startNode(3)
  const waiting = take()
  await until('the copy is told what it is', async () => {
    const { health } = await cluster.admin.ask(cluster.addresses[2]!, 'health')
    return health.reasons.some((reason) => /'n2' remembers .* older copy/.test(reason))
  })
  for (const id of [2, 3]) {
    const { health } = await cluster.admin.ask(cluster.addresses[id - 1]!, 'health')
    t.notOk(health.ok || health.leader, `member ${id}: ${health.reasons.join(', ')}`)
  }

  await cluster.startNode(1)
  t.equal(await waiting, '000003', 'what only the missing member still had is not issued again')
  const other = await session
    .owner('v')
    .lock('A', { waitMs: 0 })
    .catch((error) => error)
  t.match(other, { code: 'held' }, 'nor is the lock granted again')
  await until('the copy has caught up and votes', async () => {
    const one = await cluster.admin.ask(cluster.addresses[2]!, 'health')
    return one.health.ok
  })
  await cluster.whenEqual()
  const { members } = await cluster.status(await cluster.leader())
  t.equal(members.find(({ id }) => id === 3)?.role, 'voter')
  await held.release()
})
