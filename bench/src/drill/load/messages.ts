import type { Call, Client } from '../../record/history.ts'
import type { Kind } from '../kinds.ts'

/** The clients of one process of the load. */
export interface LoadPart {
  readonly addresses: readonly string[]
  /** Numbers of the clients, and what each does. */
  readonly clients: readonly { readonly number: number; readonly kind: Kind }[]
  readonly locks: number
  readonly seed: number
}

/** Moments at which answers came, by kind; on the clock that all processes share. */
export type AnswerTimes = Partial<Record<Kind, number[]>>

/** What clients saw, and what should not have happened to them. */
export interface Seen {
  readonly clients: readonly Client[]
  readonly calls: readonly Call[]
  readonly surprises: readonly string[]
}

export type LoadCommand =
  | { readonly kind: 'open'; readonly part: LoadPart }
  /** Answered when each kind has so many answers to requests that were made after a moment. */
  | { readonly kind: 'until'; readonly afterMs: number; readonly answers: number }
  /** Answers since the last time this was asked. */
  | { readonly kind: 'take' }
  | { readonly kind: 'stop' }

export type LoadAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'times'; readonly times: AnswerTimes }
  | { readonly kind: 'seen'; readonly seen: Seen }
  | { readonly kind: 'failed'; readonly reason: string }

/** Commands are answered in any order. */
export interface Numbered<T> {
  readonly id: number
  readonly body: T
}
