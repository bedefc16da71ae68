import type { RawNode } from '@tranca/raft-ts'
import t from 'tap'
import { ReadQueue } from '../src/replica/read-queue.ts'
import { TestCluster } from './cluster-kit.ts'

t.test('O19: the reads of a turn share one round, however many ask', async (t) => {
  for (const pollers of [1, 100]) {
    const rounds: string[] = []
    const raft: Pick<RawNode, 'term' | 'readIndex'> = {
      term: 1,
      readIndex: (context) => {
        rounds.push(context)
        return { ok: true }
      },
    }
    const queue = new ReadQueue(raft as RawNode)
    let answered = 0
    for (let turn = 1; turn <= 10; turn += 1) {
      for (let poller = 0; poller < pollers; poller += 1)
        queue.add((current) => (answered += Number(current)))
      queue.flush(true)
      t.equal(rounds.length, turn, `turn ${turn} of ${pollers} pollers`)
      queue.confirmed(rounds.at(-1)!, turn)
      queue.serve(turn)
    }
    t.equal(answered, 10 * pollers)
  }
})

t.test('O19: status, metrics and lists add nothing to the log, from 1 poller or 100', async (t) => {
  const cluster = await TestCluster.start(t, 3)
  const leader = await cluster.leader()
  const { client } = cluster.members.find(({ id }) => id === leader)!
  await cluster.whenEqual()
  const { admin } = cluster
  const poll = async (): Promise<void> => {
    await Promise.all([
      admin.ask(client, 'status', { deadlineMs: 10_000 }),
      admin.ask(client, 'health', { deadlineMs: 10_000 }),
      admin.request({ op: 'license.list' }),
      admin.request({ op: 'license.grants', limit: 10 }),
      admin.request({ op: 'session.list', limit: 10 }),
      admin.request({ op: 'lock.list', namespace: 'production', prefix: '', limit: 10 }),
    ])
  }
  for (const pollers of [1, 100]) {
    const grown: number[] = []
    // Members note each other's starts in the log, now and then: what polling adds is there each time.
    for (let time = 0; time < 4 && !grown.includes(0); time += 1) {
      const before = await cluster.status(leader)
      for (let round = 0; round < 5; round += 1) await Promise.all(Array.from({ length: pollers }, poll))
      const after = await cluster.status(leader)
      t.equal(after.term, before.term)
      t.equal(after.revision, before.revision)
      grown.push(after.applied - before.applied)
    }
    t.ok(grown.includes(0), `no entry for ${pollers} pollers: ${grown.join(', ')}`)
  }
})
