import { fail } from '../errors.ts'
import { JointConfig } from '../quorum/joint.ts'
import { MajorityConfig } from '../quorum/majority.ts'
import { Progress } from '../tracker/progress.ts'
import type { MemberConfig, ProgressMap, Tracker } from '../tracker/tracker.ts'
import type { Index, NodeId } from '../types.ts'
import { type ConfChangeV2, planOf, type SingleChange } from './change.ts'

export type ChangeRefusal =
  | 'alreadyJoint'
  | 'notJoint'
  | 'zeroVoterJoint'
  | 'simpleWhileJoint'
  | 'manyVotersChanged'
  | 'removedAllVoters'

export type ChangeResult =
  | { readonly ok: true; readonly config: MemberConfig; readonly progress: ProgressMap }
  | { readonly ok: false; readonly reason: ChangeRefusal }

/**
 * Works out the configuration that follows `tracker`'s, without touching it. New members start with
 * `lastIndex` as the next entry to send: a first probe that tells how far back to go.
 */
export function changeConfig(tracker: Tracker, lastIndex: Index, change: ConfChangeV2): ChangeResult {
  const plan = planOf(change)
  switch (plan.kind) {
    case 'simple':
      return simple(tracker, lastIndex, change.changes)
    case 'enterJoint':
      return enterJoint(tracker, lastIndex, plan.autoLeave, change.changes)
    case 'leaveJoint':
      return leaveJoint(tracker)
    default:
      return plan satisfies never
  }
}

/** Changes that alter at most one voter: any two such neighbors have overlapping majorities. */
export function simple(tracker: Tracker, lastIndex: Index, changes: readonly SingleChange[]): ChangeResult {
  if (tracker.config.voters.isJoint) return refused('simpleWhileJoint')
  const draft = new Draft(tracker, lastIndex)
  draft.apply(changes)
  if (draft.incoming.size === 0) return refused('removedAllVoters')
  if (votersChanged(tracker.config.voters.incoming, draft.incoming) > 1) return refused('manyVotersChanged')
  return draft.finish()
}

/** The voters of now become the outgoing half; the changes make the incoming one. */
export function enterJoint(
  tracker: Tracker,
  lastIndex: Index,
  autoLeave: boolean,
  changes: readonly SingleChange[],
): ChangeResult {
  const { voters } = tracker.config
  if (voters.isJoint) return refused('alreadyJoint')
  if (voters.incoming.size === 0) return refused('zeroVoterJoint')
  const draft = new Draft(tracker, lastIndex)
  draft.outgoing = voters.incoming
  draft.apply(changes)
  if (draft.incoming.size === 0) return refused('removedAllVoters')
  draft.autoLeave = autoLeave
  return draft.finish()
}

/** Drops the outgoing half, and demotes those that waited for it. */
export function leaveJoint(tracker: Tracker): ChangeResult {
  if (!tracker.config.voters.isJoint) return refused('notJoint')
  const draft = new Draft(tracker, 0)
  for (const id of draft.learnersNext) {
    draft.learners.add(id)
    draft.progress.get(id)!.isLearner = true
  }
  draft.learnersNext.clear()
  const outgoing = draft.outgoing
  draft.outgoing = new MajorityConfig()
  for (const id of outgoing.voters) {
    if (!draft.incoming.has(id) && !draft.learners.has(id)) draft.progress.delete(id)
  }
  draft.autoLeave = false
  return draft.finish()
}

/** A configuration under change; progress is copied, so that a refusal leaves no trace. */
class Draft {
  incoming: MajorityConfig
  outgoing: MajorityConfig
  readonly learners: Set<NodeId>
  readonly learnersNext: Set<NodeId>
  autoLeave: boolean
  readonly progress = new Map<NodeId, Progress>()
  readonly #tracker: Tracker
  readonly #lastIndex: Index

  constructor(tracker: Tracker, lastIndex: Index) {
    const { voters, learners, learnersNext, autoLeave } = tracker.config
    this.incoming = voters.incoming
    this.outgoing = voters.outgoing
    this.learners = new Set(learners)
    this.learnersNext = new Set(learnersNext)
    this.autoLeave = autoLeave
    for (const id of tracker.ids) this.progress.set(id, tracker.get(id)!.copy())
    this.#tracker = tracker
    this.#lastIndex = lastIndex
  }

  apply(changes: readonly SingleChange[]): void {
    for (const change of changes) {
      const { nodeId } = change
      if (nodeId === 0) continue
      switch (change.type) {
        case 'addNode':
          this.#addVoter(nodeId)
          break
        case 'addLearner':
          this.#addLearner(nodeId)
          break
        case 'removeNode':
          this.#remove(nodeId)
          break
        case 'updateNode':
          break
        default:
          change.type satisfies never
      }
    }
  }

  finish(): ChangeResult {
    const config: MemberConfig = {
      voters: new JointConfig(this.incoming, this.outgoing),
      learners: [...this.learners].sort((a, b) => a - b),
      learnersNext: [...this.learnersNext].sort((a, b) => a - b),
      autoLeave: this.autoLeave,
    }
    checkConfig(config, this.progress)
    return { ok: true, config, progress: this.progress }
  }

  #addVoter(id: NodeId): void {
    const progress = this.progress.get(id)
    if (progress === undefined) this.#enroll(id, false)
    else progress.isLearner = false
    this.learners.delete(id)
    this.learnersNext.delete(id)
    this.incoming = this.incoming.with(id)
  }

  #addLearner(id: NodeId): void {
    const progress = this.progress.get(id)
    if (progress === undefined) {
      this.#enroll(id, true)
      this.learners.add(id)
      return
    }
    if (progress.isLearner) return
    this.#remove(id)
    this.progress.set(id, progress)
    // While it still votes in the outgoing half it cannot be a learner: that has to wait.
    if (this.outgoing.has(id)) {
      this.learnersNext.add(id)
    } else {
      progress.isLearner = true
      this.learners.add(id)
    }
  }

  #remove(id: NodeId): void {
    if (!this.progress.has(id)) return
    this.incoming = this.incoming.without(id)
    this.learners.delete(id)
    this.learnersNext.delete(id)
    // A voter of the outgoing half is still replicated to.
    if (!this.outgoing.has(id)) this.progress.delete(id)
  }

  #enroll(id: NodeId, isLearner: boolean): void {
    // Counted as active from the start: the next quorum check comes before it could have spoken.
    const next = Math.max(this.#lastIndex, 1)
    this.progress.set(id, new Progress(next, isLearner, true, this.#tracker.newInflights()))
  }
}

/** What every configuration must satisfy, at rest and while joint. */
export function checkConfig(config: MemberConfig, progress: ProgressMap): void {
  const { voters, learners, learnersNext, autoLeave } = config
  for (const id of [...voters.voters, ...learners, ...learnersNext]) {
    if (!progress.has(id)) fail(`configuration: member ${id} has no progress`)
  }
  for (const id of learnersNext) {
    if (!voters.outgoing.has(id)) fail(`configuration: next learner ${id} does not vote in the outgoing half`)
    if (progress.get(id)!.isLearner) fail(`configuration: next learner ${id} is a learner already`)
  }
  for (const id of learners) {
    if (voters.has(id)) fail(`configuration: ${id} is learner and voter`)
    if (!progress.get(id)!.isLearner) fail(`configuration: learner ${id} is not marked as one`)
  }
  if (!voters.isJoint && learnersNext.length > 0) fail('configuration: next learners outside of a joint one')
  if (!voters.isJoint && autoLeave) fail('configuration: auto leave outside of a joint one')
}

function votersChanged(before: MajorityConfig, after: MajorityConfig): number {
  return (
    before.voters.filter((id) => !after.has(id)).length + after.voters.filter((id) => !before.has(id)).length
  )
}

function refused(reason: ChangeRefusal): ChangeResult {
  return { ok: false, reason }
}
