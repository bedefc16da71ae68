import type { Operation } from './operation.ts'

/**
 * What one object of a correct service may do. States are immutable values. Time is a number of nanoseconds since
 * the history's first call.
 */
export interface Model<State, Action> {
  /** Where the object may begin: usually in one state. */
  readonly initial: readonly State[]
  /** Equal for states that cannot be told apart from `nowNs` on. */
  key(state: State, nowNs: number): string
  /**
   * The states after the action with the answer it got: none if this answer is impossible here, several if more
   * than one thing may have happened. An action without an answer gives what it does if it has an effect.
   */
  take(state: State, action: Action): readonly State[]
  /** The states after one thing ended by itself, at `nowNs` at the latest; those that can lead to the target. */
  lapse(state: State, nowNs: number, target: Action): readonly State[]
  /** Equal for actions without an answer that have the same effect from `nowNs` on. */
  kind(action: Action, nowNs: number): string
  /**
   * Whether the action, which may happen besides, can be needed on the way to where the target is possible: `no`;
   * `may`; or `must`, if it will certainly happen and the target is possible only afterwards. `no` and `must` must
   * never be wrong; more of them make the search shorter.
   */
  helps(state: State, action: Action, target: Action): 'no' | 'may' | 'must'
  /** Whether the second action can become impossible because the first one happened before it. */
  hinders(first: Action, second: Action): boolean
  /** The state in words, for an explanation. */
  describe(state: State): string
}

/** One action on an object, with the time in which it took effect. */
export interface Step<Action> {
  readonly action: Action
  readonly callNs: number
  /** `Infinity` for one that may take effect at any later time, or never. */
  readonly returnNs: number
  /** Never changes a state in which its answer is possible, now or later. */
  readonly observes: boolean
  /** May make impossible what could have happened just before, besides other steps that must happen. */
  readonly narrows?: boolean
  /**
   * Steps that must happen and are alike may change places while both are open: it is enough to try the one that
   * returns first. Of steps that may happen and are alike, it is enough to try the one with the lowest `rank`.
   * `undefined` for a step that is like no other.
   */
  readonly alike?: string | undefined
  readonly rank?: number
  /** What clients saw of it: several operations if a request was sent again. */
  readonly operations: readonly Operation[]
}

/** An operation with its times as numbers, counted from the history's first call. */
export interface Timed {
  readonly operation: Operation
  readonly callNs: number
  /** `Infinity` if the outcome is unknown. */
  readonly returnNs: number
}

/** Operations that cannot all be true, and why. */
export interface Contradiction {
  readonly operations: readonly Operation[]
  readonly reason: string
}

/** The history of one object, ready for the search, or what is wrong with it at first sight. */
export interface Question<State, Action> {
  readonly model: Model<State, Action>
  readonly steps: readonly Step<Action>[]
  /** There are more states in which the object may begin: that none of the model's works proves nothing. */
  readonly partial?: boolean
}
