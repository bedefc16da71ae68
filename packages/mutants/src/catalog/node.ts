import type { Mutant } from '../mutant.ts'

const src = 'packages/node/src'

/** Bugs in what joins consensus, disk, ledger and clients. */
export const nodeMutants: readonly Mutant[] = [
  {
    id: 'term-without-vote',
    bug: 'term and vote are written apart: a vote in a known term is not written',
    file: `${src}/replica/storing.ts`,
    find: '(hardState.term !== term || hardState.vote !== vote)',
    replace: '(hardState.term !== term)',
    catchers: ['table:node/storing', 'simulator'],
  },
  {
    id: 'acknowledged-while-writing',
    bug: 'what waits for a write is sent when the write is asked for',
    file: `${src}/replica/replica.ts`,
    find: '    this.#ports.store(request).then(',
    replace: `
    const { responses } = request
    request = { ...request, responses: [] }
    queueMicrotask(() => { if (!this.#stopped) { this.#deliver(responses); this.schedule() } })
    this.#ports.store(request).then(`,
    catchers: ['simulator'],
  },
  {
    id: 'read-before-applied',
    bug: 'a read is answered when the leader is confirmed, before its index is applied',
    file: `${src}/replica/read-queue.ts`,
    find: 'if (round.index === 0 || round.index > applied) continue',
    replace: 'if (round.index === 0) continue',
    catchers: ['table:node/read-queue', 'simulator'],
  },
  {
    id: 'founded-without-all',
    bug: 'a majority of empty founders begins a cluster without the others',
    file: `${src}/members/roll-call.ts`,
    find: "this.#count(founders, 'new') === founders.voters.length",
    replace: "this.#count(founders, 'new') > founders.voters.length / 2",
    catchers: ['table:node/members', 'simulator'],
  },
  {
    id: 'vouched-by-empty',
    bug: 'members that are empty themselves vouch for a starting node',
    file: `${src}/members/roll-call.ts`,
    find: "this.#count(one, 'member') > one.voters.length / 2",
    replace: "this.#count(one, 'member') + this.#count(one, 'new') - 1 > one.voters.length / 2",
    catchers: ['table:node/members', 'simulator'],
  },
  {
    id: 'old-disk-not-noticed',
    bug: 'a node whose log ends before what others remember takes part as before',
    file: `${src}/members/roll-call.ts`,
    find: 'if (memory.lastIndex > own.lastIndex) {',
    replace: 'if (memory.lastIndex < 0) {',
    catchers: ['table:node/members', 'simulator'],
  },
  {
    id: 'rejoining-node-votes',
    bug: 'a node that joins anew votes before it was promoted',
    file: `${src}/members/standing.ts`,
    find: "return this.#decided && this.#standing === 'member'",
    replace: 'return this.#decided',
    catchers: ['table:node/standing', 'table:node/members', 'simulator'],
  },
  {
    id: 'promotion-of-earlier-start',
    bug: 'a promotion that was meant for an earlier start makes a node a voter',
    file: `${src}/members/standing.ts`,
    find: ' || starts < this.#starts) return false',
    replace: ') return false',
    catchers: ['table:node/standing', 'table:node/members', 'simulator'],
  },
  {
    id: 'digests-not-compared',
    bug: 'ledgers that differ are not noticed',
    file: `${src}/replica/digests.ts`,
    find: "if (differing === 0) return { kind: 'agree' }",
    replace: "if (differing >= 0) return { kind: 'agree' }",
    catchers: ['table:node/digests', 'table:node/cluster', 'simulator'],
  },
  {
    id: 'checkpoints-apart',
    bug: 'members checkpoint at different indexes, so that digests are never compared',
    file: `${src}/replica/checkpointer.ts`,
    find: 'entry.index % this.#every.entries === 0',
    replace: 'this.#size > this.#every.entries * 100',
    catchers: ['table:node/checkpointer', 'simulator'],
  },
  {
    id: 'stall-not-forgiven',
    bug: 'a leader that stood still lets sessions expire for its own silence',
    file: `${src}/duties/leader-duties.ts`,
    find: 'if (stalledMs > limits.stallMs) {',
    replace: 'if (stalledMs > limits.stallMs * 1e9) {',
    catchers: ['table:node/leader-duties', 'simulator'],
  },
  {
    id: 'watch-resumed-late',
    bug: 'a watch that goes on begins one event too late',
    file: `${src}/clients/watch-hub.ts`,
    find: 'const from = afterRevision === undefined ? this.#latest + 1 : afterRevision + 1',
    replace: 'const from = afterRevision === undefined ? this.#latest + 1 : afterRevision + 2',
    catchers: ['table:node/watch-hub', 'simulator'],
  },
  {
    id: 'watch-gap-not-told',
    bug: 'a watch goes on where events in between are no longer kept, and does not say so',
    file: `${src}/clients/watch-hub.ts`,
    find: 'if (from < this.#oldest) return { ok: false, oldest: this.#oldest }',
    replace: '',
    catchers: ['table:node/watch-hub', 'simulator'],
  },
  {
    id: 'snapshot-disk-forgiven',
    bug: 'a disk that fails under a snapshot is tried again with the next one',
    file: `${src}/peers/snapshot-transfer.ts`,
    find: "        logger.warn({ peer: from, err: error }, 'snapshot refused')\n        if (isDiskFailure(error)) options.failed(error)\n",
    replace: "        logger.warn({ peer: from, err: error }, 'snapshot refused')\n",
    catchers: ['table:node/hostile-peers', 'simulator'],
  },
]
