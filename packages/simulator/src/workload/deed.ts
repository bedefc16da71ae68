import type { Caller, Owner } from '@tranca/client'
import type { Given } from '../check/seen.ts'
import type { Random } from '../random.ts'

/** What a user has at hand. */
export interface Desk {
  readonly owner: Owner
  /** For requests that are nobody's. */
  readonly caller: Caller
  readonly random: Random
  /** Says where the work stands: for the trace, and if it never ends. */
  note(what: string): void
  pause(ms: number): Promise<void>
  /** Closes the session, for all who work through it. */
  leave(): Promise<void>
  /** An answer that grants something: it must last. */
  saw(kind: Given['kind'], name: string, what: string | number): void
}

/** One piece of work of a user, from its first request to its last. */
export interface Deed {
  readonly name: string
  perform(desk: Desk): Promise<void>
}
