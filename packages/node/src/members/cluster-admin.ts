import type { InternalCommand, Result } from '@tranca/ledger'
import type { AdminRequest } from '@tranca/protocol'
import type { ConfChange, ConfState } from '@tranca/raft-ts'
import type { Clock } from '../environment/clock.ts'
import type { BorrowKey } from '../licenses/borrow-key.ts'
import { borrowToken } from '../licenses/borrow-token.ts'
import { checkKeyFile, type KeyInstallCommand } from '../licenses/key-desk.ts'
import { previewKey } from '../licenses/preview.ts'
import type { Vendor } from '../licenses/vendor-key.ts'
import type { Leadership, Replica } from '../replica/replica.ts'
import type { MemberEntry } from './address-book.ts'
import { addChange, promoteChange, removeChange } from './changes.ts'

/** A learner this close behind the leader may become a voter. */
const CAUGHT_UP_LAG = 1_000

type Refusal = Extract<Result, { ok: false }>

/** Causes beyond the ledger's own are the node's; the wire knows both. */
function refuse(cause: string, detail: object = {}): Refusal {
  return { ok: false, cause: cause as Refusal['cause'], detail: { ...detail } }
}

const DONE: Result = { ok: true, value: {} }

interface Waiter {
  /** Answers, or keeps waiting (undefined). Asked again whenever something has happened. */
  readonly check: () => Result | undefined
  readonly resolve: (result: Result) => void
  readonly giveUp: () => void
}

/**
 * What administrators ask of a cluster: members, leadership, drain, license keys,
 * tokens of borrowed units (`tranca member|promote|drain|key install|license borrow`).
 * Only the leader acts; each answer comes once the change is applied.
 */
export class ClusterAdmin {
  readonly #replica: () => Replica | undefined
  readonly #members: () => readonly MemberEntry[]
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #startOf: (id: number) => { starts: number; run: string }
  readonly #isConnected: (id: number) => boolean
  readonly #waiters = new Set<Waiter>()
  readonly #vendor: Vendor | undefined
  readonly #borrowKey: BorrowKey | undefined
  readonly #results = new WeakMap<InternalCommand, Result>()

  constructor(options: {
    replica: () => Replica | undefined
    members: () => readonly MemberEntry[]
    clock: Clock
    /** How long a change may take before its outcome is called unknown. */
    timeoutMs: number
    /** Which start of a member runs, as it last said itself. */
    startOf: (id: number) => { starts: number; run: string }
    isConnected: (id: number) => boolean
    /** Whose license keys are accepted. */
    vendor: Vendor | undefined
    /** What tokens of borrowed units are signed with. */
    borrowKey: BorrowKey | undefined
  }) {
    this.#replica = options.replica
    this.#members = options.members
    this.#clock = options.clock
    this.#timeoutMs = options.timeoutMs
    this.#startOf = options.startOf
    this.#isConnected = options.isConnected
    this.#vendor = options.vendor
    this.#borrowKey = options.borrowKey
  }

  /** Something was applied, or leadership moved: looks whether somebody has waited for it. */
  poke(): void {
    for (const waiter of this.#waiters) {
      const result = waiter.check()
      if (result) {
        this.#waiters.delete(waiter)
        waiter.resolve(result)
      }
    }
  }

  internalApplied(command: InternalCommand, result: Result): void {
    this.#results.set(command, result)
    this.poke()
  }

  async handle(request: AdminRequest): Promise<Result> {
    const replica = this.#replica()
    if (!replica?.isServing) return refuse(replica?.leadership.leader ? 'notLeader' : 'noLeader')
    switch (request.op) {
      case 'member.add':
        return this.#add(request)
      case 'member.promote':
        return this.#promote(request.id)
      case 'member.remove':
        return this.#remove(request.id)
      case 'member.drain':
        return this.#drain(request.id)
      case 'member.undrain':
        return this.#setDrained(request.id, false)
      case 'leader.transfer':
        return this.#transfer(request.to)
      case 'key.install':
        return this.#installKey(request)
      case 'license.borrowToken':
        return this.#borrowToken(request.borrow)
    }
  }

  /** Before a clean stop: gives leadership away if somebody can take it. */
  async handOver(): Promise<void> {
    if (this.successor() !== undefined) await this.#transfer(undefined)
  }

  /** The member that leadership is best handed to: not drained, furthest. Undefined: there is none. */
  successor(): number | undefined {
    const replica = this.#replica()!
    const drained = new Set(
      this.#members()
        .filter((member) => member.drained)
        .map((member) => member.id),
    )
    return replica.raft
      .status()
      .progress.filter(({ id, isLearner, recentActive }) => {
        return (
          id !== replica.raft.id && !isLearner && recentActive && this.#isConnected(id) && !drained.has(id)
        )
      })
      .sort((a, b) => b.match - a.match || a.id - b.id)[0]?.id
  }

  async #add(request: Extract<AdminRequest, { op: 'member.add' }>): Promise<Result> {
    const taken = this.#members().find(
      (member) => member.id === request.id || member.name === request.name || member.peer === request.peer,
    )
    const nextId = this.#replica()!.ledger.lastMemberId + 1
    if (taken) return refuse('memberExists', { id: taken.id, name: taken.name, peer: taken.peer, nextId })
    // What others remember of a member goes by its id: it is never used again for another one.
    if (request.id < nextId) return refuse('memberExists', { id: request.id, name: '', nextId })
    return this.#change(
      addChange(request),
      ({ learners, voters }) => learners.includes(request.id) || voters.includes(request.id),
    )
  }

  async #promote(id: number): Promise<Result> {
    const raft = this.#replica()!.raft
    const progress = raft.status().progress.find((one) => one.id === id)
    if (!progress) return refuse('unknownMember', { id })
    if (!progress.isLearner) return DONE
    const lag = raft.lastIndex - progress.match
    const isThere = progress.recentActive && this.#isConnected(id) && progress.state === 'replicate'
    if (!isThere || lag > CAUGHT_UP_LAG) return refuse('notCaughtUp', { id, lag })
    const mark = { id, ...this.#startOf(id), lastIndex: progress.match }
    return this.#change(promoteChange(mark), (conf) => conf.voters.includes(id))
  }

  async #remove(id: number): Promise<Result> {
    const { voters, learners } = this.#replica()!.confState
    if (!voters.includes(id) && !learners.includes(id)) return refuse('unknownMember', { id })
    if (voters.length === 1 && voters[0] === id) return refuse('lastVoter', { id })
    return this.#change(removeChange(id), (conf) => !conf.voters.includes(id) && !conf.learners.includes(id))
  }

  async #drain(id: number): Promise<Result> {
    const { voters } = this.#replica()!.confState
    const others = this.#members().filter((one) => one.id !== id && !one.drained && voters.includes(one.id))
    if (voters.includes(id) && others.length === 0) return refuse('lastVoter', { id })
    const result = await this.#setDrained(id, true)
    if (!result.ok || this.#replica()!.raft.id !== id || !this.#replica()!.isServing) return result
    const moved = await this.#transfer(undefined)
    return moved.ok ? DONE : moved
  }

  async #setDrained(id: number, drained: boolean): Promise<Result> {
    if (!this.#members().some((member) => member.id === id)) return refuse('unknownMember', { id })
    const command: InternalCommand = { op: 'member.drain', id, drained }
    this.#replica()!.proposeInternal(command)
    return this.#until(() => (this.#results.has(command) ? DONE : undefined))
  }

  async #installKey(request: Extract<AdminRequest, { op: 'key.install' }>): Promise<Result> {
    const checked = checkKeyFile(request.file, this.#vendor)
    if (!checked.ok) return refuse(checked.cause, checked.detail)
    const { command } = checked
    if (request.dryRun) return this.#previewKey(command)
    this.#replica()!.proposeInternal(command)
    const result = await this.#until(() => this.#results.get(command))
    return result.ok ? { ok: true, value: { installed: true, ...result.value } } : result
  }

  /** What installing would answer now, by the ledger's own word. */
  async #previewKey(command: KeyInstallCommand): Promise<Result> {
    if (!(await this.#isCurrent())) return refuse('uncertain')
    const result = previewKey(this.#replica()!.ledger, command, this.#clock.wallMs())
    return result.ok ? { ok: true, value: { installed: false, ...result.value } } : result
  }

  async #borrowToken(borrow: string): Promise<Result> {
    if (this.#borrowKey === undefined) return refuse('noBorrowKey')
    if (!(await this.#isCurrent())) return refuse('uncertain')
    return borrowToken(this.#replica()!.ledger, borrow, this.#borrowKey)
  }

  /** Whether this member leads still, and has applied all that was answered before. */
  #isCurrent(): Promise<boolean> {
    return new Promise((resolve) => this.#replica()!.read(resolve))
  }

  async #transfer(wanted: number | undefined): Promise<Result> {
    const replica = this.#replica()!
    const to = wanted ?? this.successor()
    if (to === undefined) return refuse('transferFailed', { to: 0 })
    if (!replica.confState.voters.includes(to)) return this.#refuseTransfer(to)
    if (to === replica.raft.id) return { ok: true, value: { leader: to } }
    replica.raft.transferLeader(to)
    replica.schedule()
    const { term } = replica.leadership
    const result = await this.#until(
      () => {
        const now: Leadership = this.#replica()!.leadership
        if (now.term === term && now.role === 'leader') {
          // Raft gives up after an election time-out; a member that is gone will not answer at all.
          const isOver = replica.raft.transferee !== to || !this.#isConnected(to)
          return isOver ? refuse('transferFailed', { to }) : undefined
        }
        if (now.leader === 0) return undefined
        return now.leader === to ? { ok: true, value: { leader: to } } : refuse('transferFailed', { to })
      },
      { leaderOnly: false },
    )
    return !result.ok && (result.cause as string) === 'uncertain' ? refuse('transferFailed', { to }) : result
  }

  #refuseTransfer(to: number): Refusal {
    const { raft } = this.#replica()!
    const learner = raft.status().progress.find(({ id }) => id === to)
    if (learner === undefined) return refuse('unknownMember', { id: to })
    return refuse('notCaughtUp', { id: to, lag: raft.lastIndex - learner.match })
  }

  async #change(change: ConfChange, isDone: (conf: ConfState) => boolean): Promise<Result> {
    const replica = this.#replica()!
    const proposed = replica.proposeConfChange(change)
    if (!proposed.ok) return refuse('busy', { reason: proposed.reason })
    const index = replica.raft.lastIndex
    return this.#until(() => {
      const now = this.#replica()!
      if (now.applied < index) return undefined
      // A change that came while another was pending is replaced by an empty entry; the other one is not this one.
      return isDone(now.confState) ? DONE : refuse('changePending')
    })
  }

  #until(check: () => Result | undefined, options = { leaderOnly: true }): Promise<Result> {
    const first = check()
    if (first) return Promise.resolve(first)
    return new Promise((resolve) => {
      const cancel = this.#clock.after(this.#timeoutMs, () => waiter.giveUp())
      const waiter: Waiter = {
        check: () => {
          const result = check()
          if (result) return result
          return options.leaderOnly && !this.#replica()!.isServing ? refuse('uncertain') : undefined
        },
        resolve: (result) => {
          cancel()
          resolve(result)
        },
        giveUp: () => {
          this.#waiters.delete(waiter)
          resolve(refuse('uncertain'))
        },
      }
      this.#waiters.add(waiter)
    })
  }
}
