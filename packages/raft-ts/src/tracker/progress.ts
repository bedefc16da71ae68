import { fail } from '../errors.ts'
import type { Index } from '../types.ts'
import type { Inflights } from './inflights.ts'

/**
 * - `probe`: the follower's log is not known; one append at a time, until one is accepted.
 * - `replicate`: appends are pipelined, bounded by the in-flight window.
 * - `snapshot`: a snapshot is on its way; nothing is appended.
 */
export type ProgressState = 'probe' | 'replicate' | 'snapshot'

/**
 * A leader's view of one member.
 *
 * Invariants: match < next; in `probe` and `snapshot` nothing is in flight; pendingSnapshot is 0 outside of
 * `snapshot`.
 */
export class Progress {
  /** The log is known to agree with the leader's, durably, up to here. Only ever a lower bound. */
  match: Index
  /** The next index to send. In `replicate` it runs ahead of what was acknowledged. */
  next: Index
  state: ProgressState = 'probe'
  /** The highest commit index that was sent; spares commit updates that the follower has already. */
  sentCommit: Index = 0
  /** In `snapshot`: the index of the snapshot on its way. */
  pendingSnapshot: Index = 0
  /** Heard from since the last quorum check. */
  recentActive: boolean
  /** No append until something is heard: a probe is out, or the window is full. */
  flowPaused = false
  isLearner: boolean
  readonly inflights: Inflights

  constructor(next: Index, isLearner: boolean, recentActive: boolean, inflights: Inflights) {
    this.match = 0
    this.next = next
    this.isLearner = isLearner
    this.recentActive = recentActive
    this.inflights = inflights
  }

  /** A copy for trying out a configuration change. Shares the window: only one of the two lives on. */
  copy(): Progress {
    const copy = new Progress(this.next, this.isLearner, this.recentActive, this.inflights)
    copy.match = this.match
    copy.state = this.state
    copy.sentCommit = this.sentCommit
    copy.pendingSnapshot = this.pendingSnapshot
    copy.flowPaused = this.flowPaused
    return copy
  }

  becomeProbe(): void {
    // After a snapshot that arrived, its index is the best guess; otherwise what was acknowledged.
    const next = this.state === 'snapshot' ? Math.max(this.match, this.pendingSnapshot) + 1 : this.match + 1
    this.#enter('probe')
    this.next = next
    this.#capSentCommit()
  }

  becomeReplicate(): void {
    this.#enter('replicate')
    this.next = this.match + 1
  }

  becomeSnapshot(index: Index): void {
    this.#enter('snapshot')
    this.pendingSnapshot = index
    this.next = index + 1
    this.sentCommit = index
  }

  /** Forgets what was acknowledged; for a member that came back with less than it had promised. */
  restart(next: Index): void {
    this.#enter('probe')
    this.match = 0
    this.next = next
    this.sentCommit = 0
  }

  /** Accounts for an append message of `count` entries and `bytes` of payload. */
  sentEntries(count: number, bytes: number): void {
    switch (this.state) {
      case 'replicate':
        if (count > 0) {
          this.next += count
          this.inflights.add(this.next - 1, bytes)
        }
        // A full window lets one more, empty, message through per heartbeat answer.
        this.flowPaused = this.inflights.full
        return
      case 'probe':
        if (count > 0) this.flowPaused = true
        return
      default:
        fail(`progress: entries sent in state ${this.state}`)
    }
  }

  /** True when an append with `commit` would tell the follower of a commit that it has not heard of. */
  canBumpCommit(commit: Index): boolean {
    // Nothing beyond next-1 can be committed by the follower, so sending more is no use.
    return commit > this.sentCommit && this.sentCommit < this.next - 1
  }

  /** The log agrees up to `index`. False when that is old news. */
  maybeUpdate(index: Index): boolean {
    if (index <= this.match) return false
    this.match = index
    if (this.next <= index) this.next = index + 1
    this.flowPaused = false
    return true
  }

  /**
   * The append after `rejected` was refused; `hint` is where the logs may agree. False when the refusal
   * belongs to an older message and tells nothing.
   */
  maybeDecrease(rejected: Index, hint: Index): boolean {
    if (this.state === 'replicate') {
      if (rejected <= this.match) return false
      this.next = this.match + 1
      this.#capSentCommit()
      return true
    }
    // A probe is one message at a time: only the answer to the last one counts.
    if (this.next - 1 !== rejected) return false
    const next = Math.max(Math.min(rejected, hint + 1), this.match + 1)
    // Refused what it had acknowledged: it has lost it. To send the same at once would go on for ever; the next
    // heartbeat is soon enough.
    if (next === this.next) return false
    this.next = next
    this.#capSentCommit()
    this.flowPaused = false
    return true
  }

  get isPaused(): boolean {
    return this.state === 'snapshot' || this.flowPaused
  }

  #enter(state: ProgressState): void {
    this.state = state
    this.flowPaused = false
    this.pendingSnapshot = 0
    this.inflights.reset()
  }

  /** Going back in the log may lose commits that were sent along: they count as not sent. */
  #capSentCommit(): void {
    if (this.sentCommit > this.next - 1) this.sentCommit = this.next - 1
  }
}
