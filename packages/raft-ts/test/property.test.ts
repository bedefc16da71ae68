/**
 * A network that loses, repeats and reorders, members that crash and come back, proposals and changes of
 * members at any time. Whatever happens, the safety properties of figure 3 of the Raft paper must hold.
 */
import fc from 'fast-check'
import t from 'tap'
import {
  type ConfChange,
  decodeConfChange,
  type Entry,
  isLocalThread,
  type Message,
  NO_LIMIT,
  type NodeId,
  type StorageAppend,
  type StorageApply,
} from '../src/index.ts'
import { bytes, ids, Member, type Options, seeded, TestStorage, voters } from './kit.ts'

const STEPS = 1000
const SIZE = 3
const SPARES = 1
const MESSAGES_MAX = 200

/** What every history of a cluster must satisfy, told apart from the members that make it. */
class SafetyChecker {
  readonly #leaders = new Map<number, NodeId>()
  readonly #applied: Entry[] = []

  /** Election safety: at most one leader a term. */
  lead(term: number, id: NodeId): void {
    const known = this.#leaders.get(term)
    if (known !== undefined && known !== id)
      throw new Error(`term ${term} has the leaders ${known} and ${id}`)
    this.#leaders.set(term, id)
  }

  /** State machine safety, and with it leader completeness: one entry per index, everywhere and for ever. */
  apply(id: NodeId, entry: Entry): void {
    const known = this.#applied[entry.index]
    if (known === undefined) this.#applied[entry.index] = entry
    else if (known.term !== entry.term || String(known.data) !== String(entry.data))
      throw new Error(
        `${id} applied ${entry.term}/${entry.index}, another member ${known.term}/${known.index}`,
      )
  }

  /** Log matching: where two logs share an entry, they share all before it. */
  compare(a: readonly Entry[], b: readonly Entry[]): void {
    let agree = false
    const byIndex = new Map(b.map((entry) => [entry.index, entry]))
    for (const entry of a.toReversed()) {
      const other = byIndex.get(entry.index)
      if (other === undefined) continue
      if (other.term === entry.term) agree = true
      else if (agree) throw new Error(`logs agree after ${entry.index}, but not there`)
    }
  }
}

/** What a member's storage threads have still to do. */
interface Queues {
  readonly appends: StorageAppend[]
  readonly applies: StorageApply[]
}

function run(seed: number): { readonly committed: number; readonly terms: number } {
  const random = seeded(seed)
  const chance = (percent: number) => random(100) < percent
  const options: Options = {
    random,
    electionTick: 5,
    preVote: chance(50),
    checkQuorum: chance(50),
    asyncStorageWrites: chance(50),
    maxInflightMsgs: 1 + random(4),
    maxSizePerMsg: chance(30) ? 1 : NO_LIMIT,
    ...(chance(30) ? { maxCommittedSizePerReady: 30 } : {}),
  }
  const members = ids(SIZE + SPARES).map(
    (id) => new Member(id, new TestStorage(voters(...ids(SIZE))), options),
  )
  const queues = members.map((): Queues => ({ appends: [], applies: [] }))
  const checker = new SafetyChecker()
  let network: Message[] = []
  let committed = 0

  const send = (messages: readonly Message[]) => {
    for (const m of messages) {
      // What a node's own storage threads say is never lost, except with the node.
      if (isLocalThread(m.from) || m.from === m.to) {
        members[m.to - 1]!.raw.step(m)
        continue
      }
      if (chance(10)) continue
      network.push(m)
      if (chance(5)) network.push(m)
    }
    while (network.length > MESSAGES_MAX) network.splice(random(network.length), 1)
  }
  const handle = (at: number) => {
    const member = members[at]!
    if (!member.raw.hasReady()) return
    if (!options.asyncStorageWrites) {
      const { ready, messages } = member.handleReady()
      for (const entry of ready.committedEntries) checker.apply(member.raw.id, entry)
      send(messages)
      return
    }
    for (const m of member.raw.ready().messages) {
      if (m.type === 'storageAppend') queues[at]!.appends.push(m)
      else if (m.type === 'storageApply') queues[at]!.applies.push(m)
      else send([m])
    }
  }
  const work = (at: number) => {
    const { storage, raw, applied } = members[at]!
    const append = queues[at]!.appends.shift()
    if (append !== undefined) {
      if (append.hardState !== undefined) storage.setHardState(append.hardState)
      storage.append(append.entries)
      send(append.responses)
    }
    const apply = chance(50) ? queues[at]!.applies.shift() : undefined
    if (apply === undefined) return
    for (const entry of apply.entries) {
      checker.apply(raw.id, entry)
      if (entry.type !== 'normal') members[at]!.confState = raw.applyConfChange(decodeConfChange(entry))
      applied.push(entry)
    }
    send(apply.responses)
  }
  const deliver = () => {
    if (network.length === 0) return
    const [m] = network.splice(chance(70) ? 0 : random(network.length), 1)
    members[m!.to - 1]!.raw.step(m!)
  }
  /** Writes that were asked for and not done are gone. */
  const crash = (at: number) => {
    const member = members[at]!
    queues[at] = { appends: [], applies: [] }
    member.storage.confState = member.confState
    member.restart(member.applied.at(-1)?.index ?? 0)
  }
  const change = (): ConfChange => {
    const nodeId = 1 + random(SIZE + SPARES)
    const type = (['addNode', 'addLearner', 'removeNode'] as const)[random(3)]!
    if (chance(50)) return { version: 1, id: 0, type, nodeId }
    const other = 1 + random(SIZE + SPARES)
    return {
      version: 2,
      transition: 'auto',
      changes: [
        { type, nodeId },
        { type: 'addNode', nodeId: other },
      ],
    }
  }

  for (let step = 0; step < STEPS; step++) {
    const at = random(members.length)
    const member = members[at]!
    const dice = random(100)
    if (dice < 8) member.raw.tick()
    else if (dice < 50) deliver()
    else if (dice < 70) handle(at)
    else if (dice < 85) options.asyncStorageWrites ? work(at) : handle(at)
    else if (dice < 94) member.raw.propose(bytes(`p${step}`))
    else if (dice < 96) crash(at)
    else if (dice < 97) proposeSafely(member, change())
    else if (dice < 98) member.raw.transferLeader(1 + random(SIZE))
    else if (dice < 99) member.raw.readIndex(`r${step}`)
    else network = network.filter((m) => m.to !== member.raw.id && m.from !== member.raw.id)

    for (const { raw } of members) {
      raw.checkInvariants()
      if (raw.role === 'leader') checker.lead(raw.term, raw.id)
      committed = Math.max(committed, raw.commit)
    }
    if (step % 20 === 0) checker.compare(member.log, members[random(members.length)]!.log)
  }
  return { committed, terms: Math.max(...members.map(({ raw }) => raw.term)) }
}

/** A change that leaves at least one voter: the application's duty, as the core refuses the rest by force. */
function proposeSafely(member: Member, change: ConfChange): void {
  if (member.raw.role !== 'leader') return
  const removed = change.version === 1 && change.type !== 'addNode' ? change.nodeId : 0
  const left = member.raw.confState.voters.filter((id) => id !== removed)
  if (left.length > 0) member.raw.proposeConfChange(change)
}

await t.test('random histories are safe', async (t) => {
  const seed = process.env.TRANCA_SEED
  let committed = 0
  let terms = 0
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (each) => {
      const outcome = run(each)
      committed += outcome.committed
      terms += outcome.terms
    }),
    { numRuns: 300, verbose: 1, endOnFailure: true, ...(seed === undefined ? {} : { seed: Number(seed) }) },
  )
  t.comment(`${committed} entries committed in ${terms} terms`)
  t.ok(committed > 300, 'something happened')
})
