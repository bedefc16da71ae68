import type { ClientCommand, InternalCommand, Ledger, LedgerEvent, Result } from '@tranca/ledger'
import type { Leadership } from '@tranca/node'

/** What one node did with one entry. */
export interface Step {
  readonly index: number
  readonly term: number
  /** Of the entry's bytes. */
  readonly bytes: number
  /** Of all that was answered and emitted, and of the ledger's own counters. */
  readonly outcome: number
  /** In the order in which it happened; what a command emits comes before the command itself. */
  readonly log: readonly Happening[]
  readonly ledger: Pick<Ledger, 'query' | 'liveSessions' | 'checkInvariants' | 'revision'>
}

export type Happening =
  /** No result: it waits. */
  | {
      readonly kind: 'executed'
      readonly command: ClientCommand | InternalCommand
      readonly result: Result | undefined
    }
  /** A request that had waited. */
  | { readonly kind: 'answered'; readonly session: number; readonly id: number; readonly result: Result }
  | { readonly kind: 'event'; readonly event: LedgerEvent }

/** One node in one life of its process. */
export interface Who {
  readonly id: number
  readonly name: string
  /** Its own clock. */
  nowMs(): number
}

/** A leader that begins to serve. */
export interface Serving {
  readonly term: number
  readonly lastIndex: number
}

/**
 * One truth, looked after on its own: checkers know nothing of each other. They see every node from within,
 * step by step, and complain in a sentence.
 */
export interface Checker {
  readonly name: string
  leadership?(who: Who, now: Leadership): void
  serving?(who: Who, leader: Serving): void
  /** Every node, every entry. */
  applied?(who: Who, step: Step): void
  /** The first node to apply an entry; the others must do the same. */
  happened?(who: Who, step: Step): void
  /** A snapshot was installed that holds all entries up to `index`. */
  installed?(who: Who, index: number): void
}

export type Complain = (reason: string) => void
