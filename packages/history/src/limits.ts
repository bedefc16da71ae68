/** Bounds of the checker. */
export const limits = {
  /** Moves that the search tries for one object before it says that it cannot decide: some seconds. */
  searchMovesMax: 3_000_000,
  /** Capacities that a pool may be thought to begin with, if the history neither sets nor shows it. */
  firstCapacitiesMax: 1024,
  /** Moves spent, for one object, on making an explanation shorter. */
  shrinkMovesMax: 100_000,
  /** Moves of one attempt at it. */
  shrinkAttemptMovesMax: 20_000,
  /** States that an explanation lists. */
  statesShownMax: 3,
  /** Numbers that the description of a sequence lists. */
  valuesShownMax: 5,
  /** Operations that an explanation prints, the last ones. */
  operationsShownMax: 12,
} as const
