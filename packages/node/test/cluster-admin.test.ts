import t from 'tap'
import { ClusterAdmin } from '../src/members/cluster-admin.ts'
import { VirtualClock } from './virtual-clock.ts'

const conf = (voters: number[], learners: number[] = []) => ({
  voters,
  votersOutgoing: [],
  learners,
  learnersNext: [],
  autoLeave: false,
})

/** A leader of which the test decides what becomes of a change. */
function leader() {
  const replica = {
    isServing: true,
    leadership: { leader: 1 },
    confState: conf([1, 2, 3]),
    applied: 10,
    raft: {
      id: 1,
      lastIndex: 11,
      status: () => ({ progress: [{ id: 4, match: 7 }] }),
    },
    ledger: { lastMemberId: 3 },
    proposeConfChange: () => ({ ok: true }),
  }
  const admin = new ClusterAdmin({
    replica: () => replica as never,
    members: () => [],
    clock: new VirtualClock(),
    timeoutMs: 1_000,
    startOf: () => ({ starts: 1, run: '' }),
    isConnected: () => true,
    vendor: undefined,
    borrowKey: undefined,
  })
  const become = (confState: ReturnType<typeof conf>) => {
    Object.assign(replica, { applied: 11, confState })
    admin.poke()
  }
  return { admin, become }
}

t.test('a removal that gave way to another change is not called done', async (t) => {
  const { admin, become } = leader()
  const asked = admin.handle({ op: 'member.remove', id: 3 })
  become(conf([1, 3], [2]))
  t.match(await asked, { ok: false, cause: 'changePending' })
})

t.test('a removal and an addition are done when the configuration says so', async (t) => {
  const one = leader()
  const removed = one.admin.handle({ op: 'member.remove', id: 3 })
  one.become(conf([1, 2]))
  t.match(await removed, { ok: true })
  const other = leader()
  const added = other.admin.handle({ op: 'member.add', id: 4, name: 'n4', peer: 'n4:1', client: 'n4:2' })
  other.become(conf([1, 2, 3, 4]))
  t.match(await added, { ok: true }, 'it may have a vote already')
})

t.test('leadership goes to no learner, however near it is, and to nobody who is no member', async (t) => {
  const { admin, become } = leader()
  become(conf([1, 2, 3], [4]))
  const learner = await admin.handle({ op: 'leader.transfer', to: 4 })
  t.same(learner, { ok: false, cause: 'notCaughtUp', detail: { id: 4, lag: 4 } })
  const stranger = await admin.handle({ op: 'leader.transfer', to: 9 })
  t.same(stranger, { ok: false, cause: 'unknownMember', detail: { id: 9 } })
  t.match(await admin.handle({ op: 'leader.transfer', to: 1 }), { ok: true, value: { leader: 1 } })
})
