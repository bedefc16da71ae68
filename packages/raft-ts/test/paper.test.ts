/** Tables after the Raft paper ("In Search of an Understandable Consensus Algorithm", extended version). */
import t from 'tap'
import type { Message } from '../src/index.ts'
import {
  acknowledge,
  bytes,
  Cluster,
  decoder,
  entry,
  ids,
  leader,
  type Member,
  member,
  ofType,
  voters,
} from './kit.ts'

const texts = (of: Member) =>
  of.applied
    .filter(({ type, data }) => type === 'normal' && data.length > 0)
    .map(({ data }) => decoder.decode(data))

function append(
  from: number,
  to: number,
  term: number,
  given: Partial<Extract<Message, { type: 'append' }>> = {},
): Message {
  return { type: 'append', from, to, term, index: 0, logTerm: 0, entries: [], commit: 0, ...given }
}

function voteRequest(from: number, to: number, term: number, index = 0, logTerm = 0): Message {
  return { type: 'vote', from, to, term, index, logTerm, transfer: false }
}

function inRole(role: 'follower' | 'candidate' | 'leader'): Member {
  if (role === 'leader') return leader()
  const it = member(1)
  if (role === 'candidate') it.raw.campaign()
  it.drain()
  return it
}

const roles = ['follower', 'candidate', 'leader'] as const

await t.test('5.1 a server of any role that sees a larger term adopts it and follows', async (t) => {
  for (const role of roles) {
    for (const message of [append(2, 1, 9), voteRequest(2, 1, 9)]) {
      const it = inRole(role)
      t.equal(it.raw.role, role)
      it.ask(message)
      t.equal(it.raw.term, 9)
      t.equal(it.raw.role, 'follower')
      t.equal(it.storage.initialState().hardState.term, 9, 'the term is stored')
    }
  }
})

await t.test('5.1 a message with a stale term changes nothing', async (t) => {
  for (const role of roles) {
    const it = member(1, { terms: [1], term: 5 })
    if (role !== 'follower') it.raw.campaign()
    if (role === 'leader') it.ask({ type: 'voteResponse', from: 2, to: 1, term: it.raw.term, reject: false })
    it.drain()
    const before = { ...it.raw.basicStatus(), terms: it.terms }
    it.ask(append(2, 1, 3, { entries: [entry(1, 3)] }))
    it.ask(voteRequest(2, 1, 3, 9, 9))
    t.same({ ...it.raw.basicStatus(), terms: it.terms }, before)
  }
})

await t.test('5.1 term and vote are to be durable before they are spoken of', async (t) => {
  const it = member(1)
  it.raw.step(voteRequest(2, 1, 4))
  const { ready } = it.handleReady()
  t.same(ready.hardState, { term: 4, vote: 2, commit: 0 })
  t.equal(ready.mustSync, true)
  t.equal(ready.messages.length, 0, 'nothing leaves before the write')
  t.equal(ofType(ready.messagesAfterAppend, 'voteResponse').length, 1)
})

await t.test('5.1 a vote in a term that is durable already is to be durable too', async (t) => {
  const it = member(1, { term: 4 })
  it.raw.step(voteRequest(2, 1, 4))
  const { ready } = it.handleReady()
  t.same(ready.hardState, { term: 4, vote: 2, commit: 0 })
  t.equal(ready.mustSync, true)
})

await t.test('5.2 a server starts as a follower', async (t) => {
  t.equal(member(1).raw.role, 'follower')
})

await t.test('5.2 a server stays a follower while it hears from a leader', async (t) => {
  const it = member(1)
  for (let i = 0; i < 50; i++) {
    it.raw.tick()
    if (i % 9 === 0) it.ask({ type: 'heartbeat', from: 2, to: 1, term: 1, commit: 0, context: '' })
  }
  t.equal(it.raw.role, 'follower')
})

await t.test('5.2 a leader sends heartbeats to all, at its pace', async (t) => {
  const it = leader({ options: { heartbeatTick: 2 } })
  it.raw.tick()
  t.same(it.drain(), [])
  it.raw.tick()
  t.same(
    ofType(it.drain(), 'heartbeat').map(({ to }) => to),
    [2, 3],
  )
})

await t.test(
  '5.2 a follower that hears nothing enters the next term, votes for itself and asks all',
  async (t) => {
    const it = member(1, { term: 3 })
    for (let i = 0; i < 10; i++) it.raw.tick()
    const requests = ofType(it.drain(), 'vote')
    t.equal(it.raw.role, 'candidate')
    t.equal(it.raw.term, 4)
    t.same(it.storage.initialState().hardState, { term: 4, vote: 1, commit: 0 })
    t.same(
      requests.map(({ to, term }) => [to, term]),
      [
        [2, 4],
        [3, 4],
      ],
    )
  },
)

await t.test('5.2 a candidate wins with the votes of a majority, and not before', async (t) => {
  const table: [size: number, granted: number, refused: number, outcome: string][] = [
    [1, 0, 0, 'leader'],
    [2, 0, 0, 'candidate'],
    [2, 1, 0, 'leader'],
    [3, 1, 0, 'leader'],
    [3, 0, 1, 'candidate'],
    [3, 0, 2, 'follower'],
    [5, 1, 0, 'candidate'],
    [5, 2, 0, 'leader'],
    [5, 2, 1, 'leader'],
    [5, 1, 2, 'candidate'],
    [5, 1, 3, 'follower'],
  ]
  for (const [size, granted, refused, outcome] of table) {
    const it = member(1, { size })
    it.raw.campaign()
    it.drain()
    for (let i = 0; i < granted + refused; i++)
      it.ask({ type: 'voteResponse', from: 2 + i, to: 1, term: 1, reject: i < refused })
    t.equal(it.raw.role, outcome, `${granted} for, ${refused} against, of ${size}`)
  }
})

await t.test('5.2 a server votes for one candidate a term, the first that asks', async (t) => {
  const it = member(1)
  const answer = (from: number, term: number) =>
    ofType(it.ask(voteRequest(from, 1, term)), 'voteResponse')[0]?.reject
  t.equal(answer(2, 1), false)
  t.equal(answer(3, 1), true)
  t.equal(answer(2, 1), false, 'asked again, it answers the same')
  t.equal(answer(3, 2), false, 'a new term, a new vote')
  it.restart()
  t.equal(answer(2, 2), true, 'a restart does not make it forget')
})

await t.test('5.2 a vote that comes twice counts once', async (t) => {
  const it = member(1, { size: 5 })
  it.raw.campaign()
  it.drain()
  for (let i = 0; i < 3; i++) it.ask({ type: 'voteResponse', from: 2, to: 1, term: 1, reject: false })
  t.equal(it.raw.role, 'candidate')
})

await t.test('5.2 a winner tells all others at once, so that they do not stand', async (t) => {
  const it = member(1)
  it.raw.campaign()
  it.drain()
  const sent = it.ask({ type: 'voteResponse', from: 2, to: 1, term: 1, reject: false })
  t.same(
    ofType(sent, 'append').map(({ to, term }) => [to, term]),
    [
      [2, 1],
      [3, 1],
    ],
  )
})

await t.test('5.2 a candidate that hears of a leader of its term or a later one follows it', async (t) => {
  for (const term of [1, 2]) {
    const it = inRole('candidate')
    it.ask(append(2, 1, term))
    t.equal(it.raw.role, 'follower')
    t.equal(it.raw.leader, 2)
  }
})

await t.test('5.2 when votes are split, time-outs pass and a new term begins', async (t) => {
  const it = inRole('candidate')
  for (let i = 0; i < 10; i++) it.raw.tick()
  t.equal(ofType(it.drain(), 'vote').length, 2)
  t.equal(it.raw.term, 2)
})

await t.test('5.2 election time-outs are spread over a fixed interval', async (t) => {
  for (const extra of [0, 4, 9]) {
    const it = member(1, { options: { random: () => extra } })
    let ticks = 0
    while (it.raw.role === 'follower') {
      it.raw.tick()
      ticks++
    }
    t.equal(ticks, 10 + extra)
  }
})

await t.test('5.3 a leader appends a command and sends it to all, while its own disk writes', async (t) => {
  const it = leader()
  it.ask(acknowledge(2, it, 1))
  it.ask(acknowledge(3, it, 1))
  t.same(it.raw.propose(bytes('x')), { ok: true })
  const { ready } = it.handleReady()
  t.same(
    ready.entries.map(({ index, term }) => [index, term]),
    [[2, 1]],
  )
  t.same(
    ofType(ready.messages, 'append').map((m) => [m.to, m.index, m.logTerm, m.entries.length]),
    [
      [2, 1, 1, 1],
      [3, 1, 1, 1],
    ],
  )
})

await t.test('5.3 an entry is committed, and applied, once a majority has it', async (t) => {
  const table: [size: number, acks: number, committed: boolean][] = [
    [1, 0, true],
    [2, 0, false],
    [2, 1, true],
    [3, 0, false],
    [3, 1, true],
    [5, 1, false],
    [5, 2, true],
  ]
  for (const [size, acks, committed] of table) {
    const it = leader({ size })
    for (let id = 2; id <= size; id++) it.ask(acknowledge(id, it, 1))
    it.raw.propose(bytes('x'))
    it.drain()
    for (let i = 0; i < acks; i++) it.ask(acknowledge(2 + i, it, 2))
    t.equal(it.raw.commit, committed ? 2 : 1, `${acks} acknowledgments of ${size - 1}`)
    t.same(texts(it), committed ? ['x'] : [])
  }
})

await t.test('5.3 committing an entry commits all before it, of earlier leaders too', async (t) => {
  for (const terms of [[1], [1, 1, 2], [1, 2, 3, 3]]) {
    const it = leader({ terms })
    it.ask(acknowledge(2, it, terms.length + 1))
    t.equal(it.raw.commit, terms.length + 1)
    t.same(
      it.applied.map(({ index }) => index),
      ids(terms.length + 1),
    )
  }
})

await t.test('5.3 a follower that learns of a commit applies in the order of the log', async (t) => {
  const it = member(1)
  const entries = [entry(1, 1, 'a'), entry(2, 1, 'b')]
  it.ask(append(2, 1, 1, { entries, commit: 1 }))
  t.same(texts(it), ['a'])
  it.ask(append(2, 1, 1, { index: 2, logTerm: 1, commit: 2 }))
  t.same(texts(it), ['a', 'b'])
})

await t.test('5.3 a leader sends its commit index along with appends', async (t) => {
  const it = leader()
  it.ask(acknowledge(2, it, 1))
  it.ask(acknowledge(3, it, 1))
  it.raw.propose(bytes('x'))
  t.ok(ofType(it.drain(), 'append').every(({ commit }) => commit === 1))
})

await t.test('5.3 a follower refuses entries unless it has the one before them, with its term', async (t) => {
  const table: [index: number, logTerm: number, refused: boolean, hint: number][] = [
    [2, 2, false, 0],
    [2, 3, true, 2],
    [3, 3, true, 2],
    [1, 2, true, 1],
    [1, 1, false, 0],
  ]
  for (const [index, logTerm, refused, hint] of table) {
    const it = member(1, { terms: [1, 2] })
    const [answer] = ofType(it.ask(append(2, 1, 3, { index, logTerm })), 'appendResponse')
    t.equal(answer?.reject, refused, `${index}/${logTerm}`)
    if (refused) t.equal(answer?.rejectHint, hint)
  }
})

await t.test('5.3 conflicting entries of a follower give way, others stay', async (t) => {
  const table: [index: number, logTerm: number, entries: [number, number][], want: number[]][] = [
    [2, 2, [[3, 3]], [1, 2, 3]],
    [
      1,
      1,
      [
        [2, 3],
        [3, 4],
      ],
      [1, 3, 4],
    ],
    [0, 0, [[1, 1]], [1, 2]],
    [0, 0, [[1, 3]], [3]],
    [1, 1, [], [1, 2]],
  ]
  for (const [index, logTerm, entries, want] of table) {
    const it = member(1, { terms: [1, 2] })
    it.ask(append(2, 1, 4, { index, logTerm, entries: entries.map(([i, term]) => entry(i, term)) }))
    t.same(it.terms, want)
  }
})

await t.test('5.3 a message that comes late does not cut what came after it', async (t) => {
  const it = member(1)
  it.ask(append(2, 1, 1, { entries: [entry(1, 1), entry(2, 1), entry(3, 1)] }))
  it.ask(append(2, 1, 1, { entries: [entry(1, 1)] }))
  t.same(it.terms, [1, 1, 1])
})

await t.test('5.3 a leader brings every kind of log (figure 7) into line with its own', async (t) => {
  const lead = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
  const logs = [
    [1, 1, 1, 4, 4, 5, 5, 6, 6],
    [1, 1, 1, 4],
    [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    [1, 1, 1, 4, 4, 4, 4],
    [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
  ]
  for (const log of logs) {
    // The third member's vote is needed, as the follower's log may be ahead.
    const cluster = new Cluster(
      3,
      {},
      new Map([
        [1, lead],
        [2, log],
      ]),
    )
    cluster.get(1).storage.setHardState({ term: 7, vote: 0, commit: 0 })
    cluster.get(1).restart()
    cluster.elect(1)
    t.equal(cluster.get(1).raw.role, 'leader')
    t.ok(cluster.propose(1, 'x'))
    t.same(cluster.get(2).terms, cluster.get(1).terms)
    t.same(cluster.get(2).terms, [...lead, 8, 8])
  }
})

await t.test('5.3 a leader never overwrites or deletes entries of its own log', async (t) => {
  const it = leader({ terms: [1, 2] })
  const before = it.log
  it.ask(append(2, 1, it.raw.term, { entries: [entry(1, 3)] }))
  it.ask({ ...acknowledge(2, it, 2), reject: true, rejectHint: 0 } as Message)
  t.same(it.log.slice(0, before.length), before)
})

await t.test('5.3 appends that were lost are sent again, for as long as it takes', async (t) => {
  const cluster = new Cluster(3)
  cluster.elect(1)
  cluster.cut = (m) => m.type === 'append' && m.to === 3
  t.ok(cluster.propose(1, 'x'))
  for (let i = 0; i < 5; i++) cluster.tick(1)
  t.same(texts(cluster.get(3)), [])
  cluster.heal()
  cluster.tick(1)
  t.same(texts(cluster.get(3)), ['x'])
})

await t.test('5.4.1 a voter refuses a candidate whose log is behind its own', async (t) => {
  const table: [own: number[], index: number, logTerm: number, granted: boolean][] = [
    [[1], 1, 1, true],
    [[1], 2, 1, true],
    [[1, 1], 1, 1, false],
    [[1], 1, 2, true],
    [[1, 1], 1, 2, true],
    [[2], 1, 1, false],
    [[2], 2, 1, false],
    [[1, 2], 3, 1, false],
  ]
  for (const [terms, index, logTerm, granted] of table) {
    const it = member(1, { terms })
    const [answer] = ofType(it.ask(voteRequest(2, 1, 9, index, logTerm)), 'voteResponse')
    t.equal(answer?.reject, !granted, `${terms} against ${index}/${logTerm}`)
  }
})

await t.test('5.4.1 a vote request tells the last entry of the candidate', async (t) => {
  const it = member(1, { terms: [1, 2, 2] })
  it.raw.campaign()
  t.ok(ofType(it.drain(), 'vote').every((m) => m.index === 3 && m.logTerm === 2))
})

await t.test('5.3 a commit beyond what was checked says nothing about the entries there', async (t) => {
  const it = member(1, { terms: [1, 1, 1] })
  it.ask(append(2, 1, 2, { index: 1, logTerm: 1, entries: [entry(2, 1)], commit: 3 }))
  t.equal(it.raw.commit, 2, 'entry 3 is of term 1, and may be another one at the leader')
})

await t.test('5.4.2 entries of earlier terms are not committed by counting (figure 8)', async (t) => {
  const it = leader({ size: 5, terms: [1, 2] })
  t.equal(it.raw.term, 3)
  it.ask(acknowledge(2, it, 2))
  it.ask(acknowledge(3, it, 2))
  t.equal(it.raw.commit, 0, 'entry 2 is on a majority, but is of term 2')
  it.ask(acknowledge(2, it, 3))
  it.ask(acknowledge(3, it, 3))
  t.equal(it.raw.commit, 3, 'with an entry of its own term all before are committed')
})

await t.test('5.5 a request that comes twice has no effect the second time', async (t) => {
  const it = member(1)
  const request = append(2, 1, 1, { entries: [entry(1, 1, 'a'), entry(2, 1, 'b')], commit: 2 })
  const first = it.ask(request)
  const again = it.ask(request)
  t.same(ofType(first, 'appendResponse')[0]?.index, 2)
  t.same(ofType(again, 'appendResponse')[0]?.index, 2)
  t.same(texts(it), ['a', 'b'])
})

await t.test('6 while joint, elections and commits need a majority of both halves', async (t) => {
  const joint = { ...voters(1, 2, 3), votersOutgoing: [1, 4, 5] }
  const start = () => {
    const it = member(1)
    it.storage.confState = joint
    it.restart()
    it.raw.campaign()
    it.drain()
    return it
  }
  const it = start()
  for (const from of [2, 3]) it.ask({ type: 'voteResponse', from, to: 1, term: 1, reject: false })
  t.equal(it.raw.role, 'candidate', 'the new half alone does not elect')
  it.ask({ type: 'voteResponse', from: 4, to: 1, term: 1, reject: false })
  t.equal(it.raw.role, 'leader')
  for (const from of [4, 5]) it.ask(acknowledge(from, it, 1))
  t.equal(it.raw.commit, 0, 'the old half alone does not commit')
  it.ask(acknowledge(2, it, 1))
  t.equal(it.raw.commit, 1)
  it.raw.propose(bytes('x'))
  it.drain()
  for (const from of [2, 3]) it.ask(acknowledge(from, it, 2))
  t.equal(it.raw.commit, 1, 'nor does the new half alone')
  it.ask(acknowledge(4, it, 2))
  t.equal(it.raw.commit, 2)
})

await t.test('6 entries go to all members of both halves', async (t) => {
  const it = member(1)
  it.storage.confState = { ...voters(1, 2, 3), votersOutgoing: [1, 4, 5] }
  it.restart()
  it.raw.campaign()
  t.same(
    ofType(it.drain(), 'vote').map(({ to }) => to),
    [2, 3, 4, 5],
  )
})

await t.test('6 a second change waits until the first has been applied', async (t) => {
  const cluster = new Cluster(3)
  const first = cluster.elect(1)
  const change = (nodeId: number) =>
    first.raw.proposeConfChange({ version: 1, id: 0, type: 'addLearner', nodeId })
  t.ok(change(4).ok)
  t.ok(change(5).ok, 'it is taken, but an empty entry takes its place')
  cluster.settle()
  t.same(first.confState.learners, [4])
  t.ok(change(5).ok)
  cluster.settle()
  t.same(first.confState.learners, [4, 5])
})

await t.test('6 a new leader takes no change before it has applied what it found', async (t) => {
  const it = leader({ terms: [1, 1] })
  it.raw.proposeConfChange({ version: 1, id: 0, type: 'addNode', nodeId: 4 })
  it.drain()
  t.equal(it.log.at(-1)?.type, 'normal', 'there might be a change among the entries')
})

await t.test('6 new servers catch up without a vote, and count from their promotion on', async (t) => {
  const cluster = new Cluster(1)
  const first = cluster.elect(1)
  const second = cluster.add(2, voters(1))
  first.raw.proposeConfChange({ version: 1, id: 0, type: 'addLearner', nodeId: 2 })
  cluster.settle()
  cluster.isolate(2)
  t.ok(cluster.propose(1, 'x'))
  t.same(texts(first), ['x'], 'committed without the learner')
  cluster.heal()
  cluster.tick(1)
  t.same(texts(second), ['x'])
  t.equal(second.raw.role, 'follower')
  for (let i = 0; i < 30; i++) second.raw.tick()
  t.equal(second.raw.role, 'follower', 'a learner does not stand')
  first.raw.proposeConfChange({ version: 1, id: 0, type: 'addNode', nodeId: 2 })
  cluster.settle()
  cluster.isolate(2)
  t.ok(cluster.propose(1, 'y'))
  t.same(texts(first), ['x'], 'not committed without the voter')
})

await t.test(
  '6 a leader that is not in the new configuration steps down when that is committed',
  async (t) => {
    for (const stepDownOnRemoval of [true, false]) {
      const cluster = new Cluster(3, { stepDownOnRemoval })
      const first = cluster.elect(1)
      first.raw.proposeConfChange({ version: 1, id: 0, type: 'removeNode', nodeId: 1 })
      cluster.settle()
      t.equal(first.raw.role, stepDownOnRemoval ? 'follower' : 'leader')
      t.same(first.raw.propose(bytes('x')).ok, false, 'it takes no more proposals either way')
      t.ok(cluster.get(2).confState.voters.every((id) => id !== 1))
      t.equal(cluster.elect(2).raw.role, 'leader')
    }
  },
)

await t.test('6 removed servers cannot disturb: a leader that is heard protects its followers', async (t) => {
  const cluster = new Cluster(3, { checkQuorum: true })
  cluster.elect(1)
  const it = cluster.get(2)
  t.same(it.ask(voteRequest(3, 2, 9, 9, 9)), [], 'no answer, and no new term')
  t.equal(it.raw.term, 1)
  for (let i = 0; i < 9; i++) it.raw.tick()
  t.same(it.ask(voteRequest(3, 2, 9, 9, 9)), [])
  it.raw.tick()
  t.equal(ofType(it.ask(voteRequest(3, 2, 9, 9, 9)), 'voteResponse').length, 1, 'silence ends the protection')
})
