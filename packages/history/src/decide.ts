import type { Answer } from './answer.ts'
import { limits } from './limits.ts'
import type { Contradiction, Question, Step, Timed } from './model.ts'
import { search } from './search.ts'
import { shrink } from './shrink.ts'

/** Makes the question out of an object's history, or finds the contradiction at first sight. */
export type Ask<State, Action> = (timed: readonly Timed[]) => Question<State, Action> | Contradiction

/** What is wrong with the history of one object; `undefined` if nothing is. */
export function decide<State, Action>(
  timed: readonly Timed[],
  ask: Ask<State, Action>,
): Contradiction | 'undecided' | undefined {
  const first = answer(timed, ask, limits.searchMovesMax)
  if (first.kind !== 'impossible') return first.kind === 'undecided' ? 'undecided' : undefined
  if (first.contradiction.operations.length <= 2) return first.contradiction
  const returnNs = first.returnNs ?? Number.POSITIVE_INFINITY
  const smaller = shrink(timed, returnNs, (part) => answer(part, ask, limits.shrinkAttemptMovesMax))
  return smaller ?? first.contradiction
}

function answer<State, Action>(timed: readonly Timed[], ask: Ask<State, Action>, movesMax: number): Answer {
  const question = ask(timed)
  if ('reason' in question) return { kind: 'impossible', moves: timed.length, contradiction: question }
  const outcome = search(question, movesMax)
  const moves = outcome.moves + timed.length
  if (outcome.kind !== 'impossible') return { kind: outcome.kind, moves }
  if (question.partial === true) return { kind: 'undecided', moves }
  const { step, states } = outcome
  const described = [...new Set(states.map((state) => question.model.describe(state)))]
  const shown = described.slice(0, limits.statesShownMax)
  const more = described.length > shown.length ? `, or one of ${described.length - shown.length} more` : ''
  return {
    kind: 'impossible',
    moves,
    returnNs: step.returnNs,
    contradiction: {
      operations: involved(timed, step),
      reason: `nothing leads to the last answer from here: ${shown.join('; or ')}${more}`,
    },
  }
}

/** All that was called before the step's answer, the step last. */
function involved(timed: readonly Timed[], step: Step<unknown>): Contradiction['operations'] {
  const before = timed
    .filter(({ operation, callNs }) => callNs <= step.returnNs && !step.operations.includes(operation))
    .sort((a, b) => a.callNs - b.callNs)
  return [...before.map(({ operation }) => operation), ...step.operations]
}
