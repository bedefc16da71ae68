import type { ConfChange, ConfState, ProgressStatus } from '@tranca/raft-ts'
import type { Logger } from 'pino'
import type { Hello } from '../peers/greeting.ts'
import type { Replica } from '../replica/replica.ts'
import type { MemberEntry } from './address-book.ts'
import { demoteChange, promoteChange } from './changes.ts'
import type { PeerMemory } from './memory.ts'

/** A learner this close to the commit index becomes a voter. */
const PROMOTE_LAG = 64
/** Ticks between looks at the members. */
const LOOK_TICKS = 4
/** Ticks between replicated notes of how far each member had got. */
const MARK_TICKS = 200

/**
 * What a leader does about members: notes their starts, follows their addresses, lets one that came
 * back with less rejoin as a learner, and promotes learners that have caught up.
 */
export class MemberDuties {
  readonly #self: number
  readonly #replica: () => Replica
  readonly #memory: PeerMemory
  readonly #members: () => readonly MemberEntry[]
  readonly #logger: Logger
  /** How each node last introduced itself. */
  readonly #hellos = new Map<number, Hello>()
  /** Voters that came back with less: to become learners. */
  readonly #toDemote = new Set<number>()
  #ticks = 0
  /** Index of the change of members that was proposed last. */
  #changeIndex = 0
  #marked = ''

  constructor(options: {
    self: number
    replica: () => Replica
    memory: PeerMemory
    members: () => readonly MemberEntry[]
    logger: Logger
  }) {
    this.#self = options.self
    this.#replica = options.replica
    this.#memory = options.memory
    this.#members = options.members
    this.#logger = options.logger
  }

  /** Which start of a member this is, as it last said itself. */
  startOf(id: number): { starts: number; run: string } {
    const { starts, run } = this.#hellos.get(id) ?? { starts: 0, run: '' }
    return { starts, run }
  }

  /** A member was removed: what it said is of no use any more. */
  forget(id: number): void {
    this.#hellos.delete(id)
    this.#toDemote.delete(id)
  }

  onHello(hello: Hello): void {
    const before = this.#hellos.get(hello.id)
    this.#hellos.set(hello.id, hello)
    if (hello.standing === 'joining') this.#toDemote.add(hello.id)
    else this.#toDemote.delete(hello.id)
    if (!before || before.run !== hello.run) this.#lookSoon()
  }

  tick(): void {
    this.#ticks++
    if (!this.#replica().isServing || this.#ticks % LOOK_TICKS !== 0) return
    const { raft } = this.#replica()
    const { progress, confState } = raft.status()
    for (const one of progress) {
      if (one.id !== this.#self) this.#memory.acknowledged(one.id, Math.min(one.match, raft.commit))
    }
    this.#followAddresses()
    this.#mark(this.#ticks % MARK_TICKS === 0)
    if (this.#replica().applied < this.#changeIndex) return
    this.#demote(confState, progress)
    this.#promote(confState, progress)
  }

  #lookSoon(): void {
    this.#ticks += LOOK_TICKS - 1 - (this.#ticks % LOOK_TICKS)
  }

  #followAddresses(): void {
    for (const member of this.#members()) {
      const hello = this.#hellos.get(member.id)
      if (
        !hello ||
        (hello.peer === member.peer && hello.client === member.client && hello.name === member.name)
      ) {
        continue
      }
      const { id, name, peer, client } = hello
      this.#logger.info({ id, name, peer, client }, 'member has moved')
      this.#replica().proposeInternal({ op: 'member.set', id, name, peer, client })
    }
  }

  /** Replicates starts as they happen, and positions now and then. */
  #mark(withPositions: boolean): void {
    const known = new Set(this.#members().map((member) => member.id))
    const marks = this.#memory.all().filter(({ id }) => known.has(id))
    const starts = JSON.stringify(marks.map(({ id, starts, run }) => [id, starts, run]))
    if (marks.length === 0 || (starts === this.#marked && !withPositions)) return
    this.#marked = starts
    this.#replica().proposeInternal({ op: 'member.seen', marks })
  }

  #demote(confState: ConfState, progress: readonly ProgressStatus[]): void {
    const replica = this.#replica()
    // A copy: who cannot be demoted now is put back, and must not be met again in this look.
    for (const id of [...this.#toDemote]) {
      const hello = this.#hellos.get(id)
      if (!hello || !progress.some((one) => one.id === id)) continue
      if (confState.voters.length === 1 && confState.voters[0] === id) continue
      this.#toDemote.delete(id)
      if (!confState.voters.includes(id)) {
        replica.raft.resetProgress(id)
        continue
      }
      this.#logger.warn({ member: id }, 'member came back with less than it had: it rejoins without a vote')
      if (!this.#change(demoteChange(id))) this.#toDemote.add(id)
      replica.raft.resetProgress(id)
    }
  }

  #promote(confState: ConfState, progress: readonly ProgressStatus[]): void {
    const replica = this.#replica()
    for (const id of confState.learners) {
      const one = progress.find((each) => each.id === id)
      const hello = this.#hellos.get(id)
      if (!one || !hello || one.state !== 'replicate' || !one.recentActive) continue
      const wanted = Math.max(replica.raft.commit - PROMOTE_LAG, this.#memory.of(id).lastIndex)
      if (one.match < wanted) continue
      this.#logger.info({ member: id, match: one.match }, 'learner has caught up: it becomes a voter')
      this.#change(promoteChange({ id, starts: hello.starts, run: hello.run, lastIndex: one.match }))
      return
    }
  }

  /** One change at a time: false while another is on its way. */
  #change(change: ConfChange): boolean {
    const replica = this.#replica()
    if (replica.applied < this.#changeIndex || !replica.proposeConfChange(change).ok) return false
    this.#changeIndex = replica.raft.lastIndex
    return true
  }
}
