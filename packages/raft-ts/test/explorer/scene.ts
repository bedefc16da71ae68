import type { NodeId } from '../../src/index.ts'
import { nameOf, type View } from './member.ts'

/** What the truths remember of the history that led to a scene. Small, and part of the state. */
export interface Memory {
  /** The leader of each term, by term; 0 for none so far. */
  readonly leaders: readonly NodeId[]
  /** Every entry that any member took for committed, with the term in which that was first so. */
  readonly committed: readonly Committed[]
  /** Reads that were asked and not answered, with the least index that they must see. */
  readonly reads: readonly (readonly [context: string, index: number])[]
}

export interface Committed {
  readonly name: string
  readonly term: number
  readonly inTerm: number
}

/** What is known at the start: that which the disks say is committed. */
export function memoryOf(views: readonly View[]): Memory {
  const { log, raw } = views.reduce((most, view) => (view.raw.commit > most.raw.commit ? view : most))
  const committed = log
    .slice(0, raw.commit)
    .map((entry) => ({ name: nameOf(entry), term: entry.term, inTerm: raw.term }))
  return { leaders: [], committed, reads: [] }
}

/** A state of the whole world, as goals see it. */
export interface Scene {
  readonly views: readonly View[]
  readonly memory: Memory
}
