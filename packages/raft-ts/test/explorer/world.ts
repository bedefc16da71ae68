import type { ConfChange, ConfState, NodeId } from '../../src/index.ts'
import { entry, type Options, voters } from '../kit.ts'
import type { Durable, Make } from './member.ts'
import type { Scene } from './scene.ts'

/** How often each thing may happen in one history. Deliveries, losses and writes are not counted. */
export interface Budget {
  readonly campaign?: number
  readonly tick?: number
  readonly propose?: number
  readonly read?: number
  readonly transfer?: number
  readonly change?: number
  readonly compact?: number
  readonly crash?: number
  /** A delivery after which the message is still on its way. */
  readonly duplicate?: number
}

export type Spending = keyof Budget

/**
 * A small world: a few members, and what may happen to them. Any message that is on its way may be the next
 * to arrive, or never arrive; so loss and reordering need no action of their own.
 */
export interface World {
  readonly name: string
  /** What it is there to find out. */
  readonly about: string
  readonly members: number
  readonly budget: Budget
  /** A larger budget, for those who have the time. */
  readonly deep: Budget
  /** No member campaigns beyond this term. */
  readonly termMax: number
  /** Who may do what; everybody when left out. */
  readonly only?: Partial<Record<Spending, readonly NodeId[]>>
  readonly voters?: readonly NodeId[]
  readonly options?: Options
  readonly writes?: Make['writes']
  readonly applies?: Make['applies']
  /** Configuration changes that may be proposed, in this order. */
  readonly changes?: readonly ConfChange[]
  /** Disks at the start; all empty when left out. */
  readonly disks?: readonly Durable[]
  /** This member is elected, by everybody, before the walk begins. */
  readonly elect?: NodeId
  /** States that a correct core must be able to come to, so that the walk is known to have seen something. */
  readonly reaches: readonly Goal[]
}

export interface Goal {
  readonly name: string
  readonly reached: (scene: Scene) => boolean
}

const NO_DATA = new Uint8Array(0)

/** A disk with the given terms as log, in `term`. */
export function disk(term: number, terms: readonly number[] = [], vote = 0, commit = 0): Durable {
  return {
    hardState: { term, vote, commit },
    snapshot: { index: 0, term: 0, confState: voters(), data: NO_DATA },
    entries: terms.map((each, i) => entry(i + 1, each)),
  }
}

export function confStateOf(world: World): ConfState {
  return voters(...(world.voters ?? idsOf(world)))
}

export function idsOf(world: World): NodeId[] {
  return Array.from({ length: world.members }, (_, i) => i + 1)
}
