import { pino } from 'pino'
import t from 'tap'
import { MemberDuties } from '../src/members/member-duties.ts'
import { PeerMemory } from '../src/members/memory.ts'
import type { Replica } from '../src/replica/replica.ts'

// Found by the simulator, seed 18: during a transfer of leadership the leader asked itself for ever.
t.test('a leader that may not change members now tries again at its next look', async (t) => {
  const proposed: object[] = []
  let mayChange = false
  const replica = {
    isServing: true,
    applied: 5,
    proposeInternal: () => undefined,
    proposeConfChange: (change: object) => {
      if (proposed.length > 10) throw new Error('asks for ever')
      proposed.push(change)
      return { ok: mayChange }
    },
    raft: {
      commit: 5,
      lastIndex: 5,
      resetProgress: () => undefined,
      status: () => ({
        confState: { voters: [1, 2, 3], learners: [] },
        progress: [1, 2, 3].map((id) => ({ id, match: 5 })),
      }),
    },
  } as unknown as Replica
  const duties = new MemberDuties({
    self: 1,
    replica: () => replica,
    memory: new PeerMemory(),
    members: () => [],
    logger: pino({ level: 'silent' }),
  })
  duties.onHello({
    version: 1,
    cluster: 'c',
    id: 2,
    name: 'n2',
    peer: '127.0.0.1:1',
    client: '127.0.0.1:2',
    standing: 'joining',
    starts: 2,
    run: 'r',
    lastIndex: 0,
    founders: 'f',
  })
  duties.tick()
  t.equal(proposed.length, 1, 'asked once')
  mayChange = true
  for (let ticks = 0; ticks < 8; ticks++) duties.tick()
  t.equal(proposed.length, 2, 'and once more, which was taken')
})
