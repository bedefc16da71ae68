import type { InternalCommand } from '@tranca/ledger'
import type { ConfChange, ConfState, ProgressStatus } from '@tranca/raft-ts'
import { pino } from 'pino'
import t from 'tap'
import { promotedStart } from '../src/members/changes.ts'
import { MemberDuties } from '../src/members/member-duties.ts'
import { PeerMemory } from '../src/members/memory.ts'
import type { Hello } from '../src/peers/greeting.ts'
import type { Replica } from '../src/replica/replica.ts'

function hello(of: Pick<Hello, 'standing' | 'starts' | 'run'>): Hello {
  return {
    version: 1,
    cluster: 'c',
    id: 2,
    name: 'n2',
    peer: '127.0.0.1:1',
    client: '127.0.0.1:2',
    lastIndex: 0,
    founders: 'f',
    ...of,
  }
}

/** The leader of three; member 2 has the log up to `match`. */
function leading({ voters = [1, 2, 3], learners = [] as number[] } = {}) {
  const changes: ConfChange[] = []
  const commands: InternalCommand[] = []
  const leader = { commit: 100, match: 0, mayChange: true, changes, commands, memory: new PeerMemory() }
  const replica = {
    isServing: true,
    applied: 5,
    proposeInternal: (command: InternalCommand) => commands.push(command),
    proposeConfChange: (change: ConfChange) => {
      if (changes.length > 10) throw new Error('asks for ever')
      changes.push(change)
      return { ok: leader.mayChange }
    },
    raft: {
      get commit() {
        return leader.commit
      },
      lastIndex: 5,
      resetProgress: () => undefined,
      status: () => ({
        confState: { voters, learners } as Partial<ConfState>,
        progress: [1, 2, 3].map(
          (id) =>
            ({ id, match: leader.match, state: 'replicate', recentActive: true }) as Partial<ProgressStatus>,
        ),
      }),
    },
  } as unknown as Replica
  const duties = new MemberDuties({
    self: 1,
    replica: () => replica,
    memory: leader.memory,
    members: () => [{ id: 2, name: 'n2', peer: '127.0.0.1:1', client: '127.0.0.1:2', drained: false }],
    logger: pino({ level: 'silent' }),
  })
  const tick = (count: number) => {
    for (let ticks = 0; ticks < count; ticks++) duties.tick()
  }
  return { leader, duties, tick }
}

// Found by the simulator, seed 18: during a transfer of leadership the leader asked itself for ever.
t.test('a leader that may not change members now tries again at its next look', async (t) => {
  const { leader, duties, tick } = leading()
  leader.mayChange = false
  duties.onHello(hello({ standing: 'joining', starts: 2, run: 'r' }))
  duties.tick()
  t.equal(leader.changes.length, 1, 'asked once')
  leader.mayChange = true
  tick(8)
  t.equal(leader.changes.length, 2, 'and once more, which was taken')
})

t.test('a member that came back with less votes again once it has what it had acknowledged', async (t) => {
  const { leader, duties, tick } = leading({ voters: [1, 3], learners: [2] })
  leader.memory.remember(2, { starts: 3, run: 'before', lastIndex: 90 })
  duties.onHello(hello({ standing: 'joining', starts: 4, run: 'r' }))
  leader.match = 89
  tick(8)
  t.same(leader.changes, [], 'close to the others, but an entry short of its own word')
  leader.match = 90
  tick(4)
  t.same(
    leader.changes.map((change) => promotedStart(change, 2)),
    [4],
    'the start that caught up, not the one that is remembered',
  )
})

t.test('one that never had more votes once it is close to the others', async (t) => {
  const { leader, duties, tick } = leading({ voters: [1, 3], learners: [2] })
  duties.onHello(hello({ standing: 'joining', starts: 1, run: 'r' }))
  leader.match = 35
  tick(8)
  t.same(leader.changes, [])
  leader.match = 36
  tick(4)
  t.equal(leader.changes.length, 1)
})

t.test('starts are put on record as they happen, and how far each had got now and then', async (t) => {
  const { leader, tick } = leading()
  const marked = () =>
    leader.commands
      .splice(0)
      .flatMap((command) => (command.op === 'member.seen' ? command.marks : []))
      .map(({ starts, lastIndex }) => [starts, lastIndex])
  leader.memory.remember(2, { starts: 3, run: 'r', lastIndex: 0 })
  leader.match = 40
  tick(4)
  t.same(marked(), [[3, 40]], 'a start')
  leader.match = 70
  tick(192)
  t.same(marked(), [], 'positions alone can wait')
  tick(4)
  t.same(marked(), [[3, 70]])
  leader.memory.remember(2, { starts: 4, run: 's', lastIndex: 0 })
  tick(4)
  t.same(marked(), [[4, 70]])
})
