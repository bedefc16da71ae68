import t from 'tap'
import { JointConfig } from '../src/quorum/joint.ts'
import { COMMITS_ALL, MajorityConfig, type VoteResult } from '../src/quorum/majority.ts'

const ids = [1, 2, 3, 4, 5]
const subsets = Array.from({ length: 1 << ids.length }, (_, mask) =>
  ids.filter((_id, bit) => mask & (1 << bit)),
)

/** More than half of them, by definition. */
function hasMajority(config: readonly number[], yes: (id: number) => boolean): boolean {
  return config.length === 0 || config.filter(yes).length * 2 > config.length
}

function voteByDefinition(config: readonly number[], votes: ReadonlyMap<number, boolean>): VoteResult {
  if (hasMajority(config, (id) => votes.get(id) === true)) return 'won'
  // Lost when even all outstanding votes would not do.
  return hasMajority(config, (id) => votes.get(id) !== false) ? 'pending' : 'lost'
}

function commitByDefinition(config: readonly number[], acked: ReadonlyMap<number, number>): number {
  if (config.length === 0) return COMMITS_ALL
  let committed = 0
  for (const index of acked.values()) {
    if (hasMajority(config, (id) => (acked.get(id) ?? 0) >= index)) committed = Math.max(committed, index)
  }
  return committed
}

/** All ways to give each id one of `count` values. */
function* assignments(of: readonly number[], count: number): Generator<Map<number, number>> {
  const total = count ** of.length
  for (let code = 0; code < total; code++) {
    const map = new Map<number, number>()
    let rest = code
    for (const id of of) {
      map.set(id, rest % count)
      rest = Math.floor(rest / count)
    }
    yield map
  }
}

function toVotes(values: ReadonlyMap<number, number>): Map<number, boolean> {
  return new Map([...values].filter(([, value]) => value < 2).map(([id, value]) => [id, value === 1]))
}

function toAcked(values: ReadonlyMap<number, number>): Map<number, number> {
  return new Map([...values].filter(([, value]) => value > 0).map(([id, value]) => [id, value * 10]))
}

await t.test('every vote in every configuration of up to five voters is decided by definition', async (t) => {
  let wrong = 0
  for (const subset of subsets) {
    const config = new MajorityConfig(subset)
    for (const values of assignments(subset, 3)) {
      const votes = toVotes(values)
      if (config.voteResult(votes) !== voteByDefinition(subset, votes)) wrong++
    }
  }
  t.equal(wrong, 0)
})

await t.test('every acknowledged state of up to five voters commits by definition', async (t) => {
  let wrong = 0
  for (const subset of subsets) {
    const config = new MajorityConfig(subset)
    for (const values of assignments(subset, 4)) {
      const acked = toAcked(values)
      if (config.committedIndex({ ackedIndex: (id) => acked.get(id) }) !== commitByDefinition(subset, acked))
        wrong++
    }
  }
  t.equal(wrong, 0)
})

await t.test('every joint configuration of up to five voters needs both halves', async (t) => {
  let wrong = 0
  for (const incoming of subsets) {
    for (const outgoing of subsets) {
      const joint = new JointConfig(new MajorityConfig(incoming), new MajorityConfig(outgoing))
      for (const values of assignments(joint.voters, 3)) {
        const votes = toVotes(values)
        const halves = [voteByDefinition(incoming, votes), voteByDefinition(outgoing, votes)]
        const want = halves.includes('lost') ? 'lost' : halves.includes('pending') ? 'pending' : 'won'
        if (joint.voteResult(votes) !== want) wrong++
        const acked = toAcked(values)
        const index = joint.committedIndex({ ackedIndex: (id) => acked.get(id) })
        if (index !== Math.min(commitByDefinition(incoming, acked), commitByDefinition(outgoing, acked)))
          wrong++
      }
    }
  }
  t.equal(wrong, 0)
})
