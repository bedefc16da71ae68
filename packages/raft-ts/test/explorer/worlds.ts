import type { NodeId } from '../../src/index.ts'
import type { Scene } from './scene.ts'
import { disk, type Goal, type World } from './world.ts'

/** `id` has led `term`. */
function led(id: NodeId, term: number): Goal {
  return { name: `${id} leads term ${term}`, reached: ({ memory }) => memory.leaders[term] === id }
}

/** Somebody has committed the entry that was proposed as `text`. */
function committed(text: string): Goal {
  return {
    name: `${text} is committed`,
    reached: ({ memory }) => memory.committed.some(({ name }) => name.endsWith(`:${text}`)),
  }
}

function goal(name: string, reached: (scene: Scene) => boolean): Goal {
  return { name, reached }
}

const twoTerms = goal('two terms have leaders', ({ memory }) => memory.leaders.filter(Boolean).length >= 2)

const divergent = [disk(2, [1, 1, 1]), disk(2, [1, 2], 2, 2), disk(2, [1, 2], 2, 1)]

/** Each world is finite; together they visit every part of the core that an election or a commit rests on. */
export const worlds: readonly World[] = [
  {
    name: 'election',
    about: 'three empty members, slow disks, elections at the same time, crashes before and after a write',
    members: 3,
    budget: { campaign: 2, crash: 1 },
    deep: { campaign: 2, crash: 2 },
    termMax: 2,
    // They are alike at the start: let these two be those who stand, and the third the one who forgets.
    only: { campaign: [1, 2], crash: [3] },
    writes: 'pending',
    reaches: [led(1, 1), led(2, 2), twoTerms],
  },
  {
    name: 'divergence',
    about: 'logs that differ: a longer log of an older term, a committed entry on two of three disks',
    members: 3,
    budget: { campaign: 2, duplicate: 1 },
    deep: { campaign: 2, tick: 1, duplicate: 1 },
    termMax: 4,
    disks: divergent,
    reaches: [led(2, 3), led(3, 3), twoTerms],
  },
  {
    name: 'heartbeat',
    about: 'the same logs; a heartbeat tells a commit to a member whose log is another',
    members: 3,
    budget: { campaign: 1, tick: 1 },
    deep: { campaign: 1, tick: 2, propose: 1 },
    termMax: 3,
    disks: divergent,
    reaches: [led(2, 3), led(3, 3)],
  },
  {
    name: 'old-term',
    about: 'figure 8 of the Raft paper: entries of old terms, sent one by one',
    members: 3,
    budget: { campaign: 2, crash: 1 },
    deep: { campaign: 3, crash: 1, duplicate: 1 },
    termMax: 4,
    only: { campaign: [1, 3] },
    options: { maxSizePerMsg: 1 },
    disks: [disk(2, [1]), disk(2, [], 3), disk(2, [2], 3)],
    reaches: [led(1, 3), led(3, 4)],
  },
  {
    name: 'replication',
    about: 'a leader with two proposals, a second leader, everything delayed, repeated, out of order',
    members: 3,
    budget: { propose: 2, campaign: 1 },
    deep: { propose: 2, campaign: 1, tick: 1 },
    termMax: 2,
    only: { campaign: [2], propose: [1] },
    elect: 1,
    reaches: [committed('p1'), committed('p2'), led(2, 2)],
  },
  {
    name: 'restart',
    about: 'slow disks; members lose what was not written, and stand again',
    members: 3,
    budget: { campaign: 1, crash: 2 },
    deep: { propose: 1, campaign: 1, crash: 1 },
    termMax: 2,
    only: { campaign: [2] },
    writes: 'pending',
    elect: 1,
    reaches: [led(2, 2)],
  },
  {
    name: 'own-disk-last',
    about:
      'slow disks; what two others have is applied by a leader whose own disk has not got it, and crashes',
    members: 3,
    budget: { propose: 1, campaign: 1, crash: 1 },
    deep: { propose: 1, campaign: 1, crash: 2 },
    termMax: 2,
    only: { propose: [1], campaign: [2], crash: [1] },
    options: { applyUnstable: true },
    writes: 'pending',
    elect: 1,
    reaches: [
      committed('p1'),
      led(2, 2),
      goal('a leader has applied more than its disk has', ({ views }) => {
        const { raw, applied, durable } = views[0]!
        return raw.role === 'leader' && applied.length > durable.snapshot.index + durable.entries.length
      }),
    ],
  },
  {
    name: 'reads',
    about: 'ReadIndex at leaders old and new, and at their followers',
    members: 3,
    budget: { campaign: 1, read: 1, tick: 1 },
    deep: { propose: 1, campaign: 1, read: 1, tick: 1 },
    termMax: 2,
    only: { campaign: [2], propose: [1, 2] },
    elect: 1,
    reaches: [
      led(2, 2),
      goal('a leader that was replaced has a read', ({ memory, views }) => {
        return memory.leaders[2] === 2 && views[0]!.raw.term === 1 && memory.reads.length > 0
      }),
    ],
  },
  {
    name: 'late-commit',
    about: 'reads at a new leader that does not know yet how far its predecessor had committed',
    members: 3,
    budget: { campaign: 1, read: 1 },
    deep: { campaign: 1, read: 2, tick: 1 },
    termMax: 2,
    only: { campaign: [2, 3] },
    disks: [disk(1, [1, 1], 1, 2), disk(1, [1, 1], 1, 1), disk(1, [1, 1], 1, 1)],
    reaches: [
      led(2, 2),
      led(3, 2),
      goal('a leader is asked that has not committed in its term', ({ memory, views }) => {
        return memory.reads.length > 0 && views[1]!.raw.role === 'leader' && views[1]!.raw.commit === 1
      }),
    ],
  },
  {
    name: 'changes',
    about: 'the third member comes and goes; two changes proposed, by one leader or two',
    members: 3,
    budget: { change: 2, campaign: 1 },
    deep: { change: 2, campaign: 1, propose: 1 },
    termMax: 3,
    voters: [1, 2],
    only: { campaign: [2] },
    changes: [
      { version: 1, id: 0, type: 'addNode', nodeId: 3 },
      { version: 1, id: 0, type: 'removeNode', nodeId: 3 },
    ],
    elect: 1,
    reaches: [
      goal('3 has come', ({ views }) => views[2]!.confState.voters.length === 3),
      goal('3 has gone', ({ views, memory }) => {
        return memory.committed.length > 3 && views[0]!.confState.voters.length === 2
      }),
      led(2, 2),
    ],
  },
  {
    name: 'joint',
    about: 'from the voters 1 and 2 to 1 and 3 by joint consensus, with an election in the midst of it',
    members: 3,
    budget: { change: 1, campaign: 1, propose: 1 },
    deep: { change: 1, campaign: 2, propose: 1 },
    termMax: 3,
    voters: [1, 2],
    only: { campaign: [2, 3] },
    changes: [
      {
        version: 2,
        transition: 'implicit',
        changes: [
          { type: 'removeNode', nodeId: 2 },
          { type: 'addNode', nodeId: 3 },
        ],
      },
    ],
    elect: 1,
    reaches: [
      goal('joint', ({ views }) => views.some(({ confState }) => confState.votersOutgoing.length > 0)),
      goal('left', ({ views }) => views[0]!.confState.voters.join() === '1,3'),
      twoTerms,
    ],
  },
  {
    name: 'transfer',
    about: 'a leader hands over, though its followers are bound by its lease',
    members: 3,
    budget: { transfer: 1, propose: 1 },
    deep: { transfer: 1, propose: 1, tick: 1 },
    termMax: 3,
    options: { checkQuorum: true, preVote: true },
    elect: 1,
    reaches: [
      led(2, 2),
      led(3, 2),
      committed('p1'),
      goal('2 leads by the vote of 3, which is bound by the lease of 1', ({ memory, views }) => {
        return memory.leaders[2] === 2 && views[0]!.raw.term === 1
      }),
    ],
  },
  {
    name: 'snapshot',
    about: 'a follower that needs a snapshot, gets it late, twice, or after it has gone on',
    members: 3,
    budget: { campaign: 1, compact: 2, duplicate: 1 },
    deep: { campaign: 1, compact: 2, propose: 1, tick: 1 },
    termMax: 3,
    only: { campaign: [1], compact: [1, 3] },
    disks: [disk(1, [1, 1], 1, 2), disk(1, [1, 1], 1, 1), disk(1, [])],
    reaches: [goal('3 starts from a snapshot', ({ views }) => views[2]!.firstIndex > 1)],
  },
]
