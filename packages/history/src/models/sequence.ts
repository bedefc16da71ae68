import { limits } from '../limits.ts'
import type { Contradiction, Model, Question, Step, Timed } from '../model.ts'
import { answerOf, integerField, ttlOf } from './fields.ts'
import { requestsOf } from './requests.ts'
import { valuesAtFault } from './sequence-values.ts'

/** A number that is out: reserved, neither confirmed nor given back. */
interface Reservation {
  readonly value: bigint
  /** When it may come back by itself; `Infinity` for never. */
  readonly untilNs: number
}

interface SequenceState {
  readonly next: bigint
  readonly reserved: readonly Reservation[]
  /** Numbers that came back and will be issued again, ascending. */
  readonly free: readonly bigint[]
}

type SequenceAction =
  | { readonly verb: 'next'; readonly value: bigint | undefined; readonly count: bigint }
  | { readonly verb: 'reserve'; readonly value: bigint | undefined; readonly untilNs: number }
  | { readonly verb: 'get'; readonly next: bigint }
  | { readonly verb: 'raise'; readonly next: bigint }
  | { readonly verb: 'confirm' | 'rollback'; readonly value: bigint; readonly isDone: boolean }

/**
 * A gapless sequence that begins at 1. `next` takes the number that follows, or `n` of
 * them, or one that came back. `reserve` takes one that
 * came back, or the one that follows; it is out until it is confirmed (then it is never issued again), given back,
 * or its ttl is over.
 */
export function sequenceQuestion(
  timed: readonly Timed[],
): Question<SequenceState, SequenceAction> | Contradiction {
  const atFault = valuesAtFault(timed)
  if (atFault !== undefined) return atFault
  const steps: Step<SequenceAction>[] = []
  for (const { operation, operations, callNs, returnNs } of requestsOf(timed, () => true)) {
    const action = actionOf(operation, callNs)
    if (action === undefined) continue
    const observes =
      action.verb === 'get' || ((action.verb === 'confirm' || action.verb === 'rollback') && !action.isDone)
    if (observes && returnNs === Number.POSITIVE_INFINITY) continue
    steps.push({ action, callNs, returnNs, observes, operations })
  }
  // A number whose reservation nobody saw may have been taken before the counter was raised beyond it.
  const isUnseen = steps.some(({ action }) => action.verb === 'reserve' && action.value === undefined)
  for (const [at, step] of steps.entries())
    if (isUnseen && step.action.verb === 'raise') steps[at] = { ...step, narrows: true }
  const taken = steps.flatMap(({ action, returnNs }) =>
    action.verb === 'next' && action.value !== undefined && returnNs !== Number.POSITIVE_INFINITY
      ? [action.value]
      : [],
  )
  return { model: new Sequence(taken), steps }
}

function actionOf(operation: Timed['operation'], callNs: number): SequenceAction | undefined {
  const { op, args } = operation
  const answer = answerOf(operation)
  const value = answer === undefined ? undefined : integerField(answer, 'value')
  switch (op) {
    case 'seq.next':
      return { verb: 'next', value, count: integerField(args, 'n') ?? 1n }
    case 'seq.reserve':
      return { verb: 'reserve', value, untilNs: callNs + (ttlOf(args) ?? Number.POSITIVE_INFINITY) }
    case 'seq.get': {
      const next = answer === undefined ? undefined : integerField(answer, 'next')
      return next === undefined ? undefined : { verb: 'get', next }
    }
    case 'seq.raise':
      return { verb: 'raise', next: integerField(args, 'next') ?? 0n }
    default:
      return {
        verb: op === 'seq.confirm' ? 'confirm' : 'rollback',
        value: integerField(args, 'value') ?? 0n,
        isDone: answer?.ok !== false,
      }
  }
}

class Sequence implements Model<SequenceState, SequenceAction> {
  readonly initial: readonly SequenceState[] = [{ next: 1n, reserved: [], free: [] }]
  /** First numbers of the draws that must happen, ascending: no draw that nobody saw may reach into them. */
  readonly #taken: readonly bigint[]

  constructor(taken: readonly bigint[]) {
    this.#taken = [...taken].sort((a, b) => (a < b ? -1 : 1))
  }

  key({ next, reserved, free }: SequenceState, nowNs: number): string {
    const out = reserved.map(({ value, untilNs }) => `${value} ${Math.max(untilNs, nowNs)}`).sort()
    return `${next} ${out.join()} ${free.join()}`
  }

  take(state: SequenceState, action: SequenceAction): readonly SequenceState[] {
    const { next, reserved, free } = state
    switch (action.verb) {
      case 'next':
        if (action.value === undefined) {
          const seen = this.#takenFrom(next)
          if (seen !== undefined && seen < next + action.count) return []
        } else if (action.value !== next) {
          if (action.count !== 1n || !free.includes(action.value)) return []
          return [{ ...state, free: free.filter((each) => each !== action.value) }]
        }
        return [{ ...state, next: next + action.count }]
      case 'reserve': {
        const wanted = action.value === undefined ? [...free, next] : [action.value]
        return wanted.flatMap((value) => {
          const out = [...reserved, { value, untilNs: action.untilNs }]
          if (value === next) return [{ next: next + 1n, reserved: out, free }]
          return free.includes(value)
            ? [{ next, reserved: out, free: free.filter((each) => each !== value) }]
            : []
        })
      }
      case 'get':
        return action.next === next ? [state] : []
      case 'raise':
        return action.next > next ? [{ ...state, next: action.next }] : [state]
      default: {
        const at = reserved.findIndex(({ value }) => value === action.value)
        if (!action.isDone) return at < 0 ? [state] : []
        if (at < 0) return []
        return [
          action.verb === 'confirm' ? { ...state, reserved: reserved.toSpliced(at, 1) } : returned(state, at),
        ]
      }
    }
  }

  lapse(state: SequenceState, nowNs: number, target: SequenceAction): readonly SequenceState[] {
    return state.reserved.flatMap(({ value, untilNs }, at) => {
      const isAsked = target.verb !== 'get' && target.verb !== 'raise' && target.value === value
      return isAsked && untilNs <= nowNs ? [returned(state, at)] : []
    })
  }

  kind(action: SequenceAction, nowNs: number): string {
    switch (action.verb) {
      case 'next':
        return `next ${action.count} ${action.value ?? '?'}`
      case 'reserve':
        return `reserve ${action.value ?? '?'} ${Math.max(action.untilNs, nowNs)}`
      case 'get':
      case 'raise':
        return `${action.verb} ${action.next}`
      default:
        return `${action.verb} ${action.value}`
    }
  }

  helps(state: SequenceState, action: SequenceAction, target: SequenceAction): 'no' | 'may' | 'must' {
    if (action.verb === 'get') return 'no'
    if (target.verb === 'raise') return 'isDone' in action ? 'no' : 'may'
    const wanted = target.verb === 'get' ? target.next : target.value
    if (wanted === undefined) return 'may'
    // The counter must still get there, and may not pass it.
    const isAhead = target.verb === 'get' || wanted >= state.next
    switch (action.verb) {
      case 'raise':
        return isAhead && action.next <= wanted ? 'may' : 'no'
      case 'next':
      case 'reserve':
        // One that nobody saw cannot bring back a number.
        if (action.value === undefined) return isAhead || 'isDone' in target ? 'may' : 'no'
        if (!isAhead) return action.value === wanted ? 'may' : 'no'
        return action.value === state.next && action.value <= wanted ? 'may' : 'no'
      default:
        return action.value === wanted ? 'may' : 'no'
    }
  }

  hinders(first: SequenceAction, second: SequenceAction): boolean {
    if (first.verb === 'get' || second.verb === 'raise') return false
    if (second.verb === 'get') return true
    if (first.verb === 'raise') return 'isDone' in second ? false : (second.value ?? 0n) < first.next
    return first.value === undefined || second.value === undefined || first.value === second.value
  }

  describe({ next, reserved, free }: SequenceState): string {
    const parts = [`the next number is ${next}`]
    if (reserved.length > 0) parts.push(`${some(reserved.map(({ value }) => value))} reserved`)
    if (free.length > 0) parts.push(`${some(free)} free again`)
    return parts.join(', ')
  }

  /** The smallest number, from this one on, that some draw is known to have begun with. */
  #takenFrom(value: bigint): bigint | undefined {
    let low = 0
    let high = this.#taken.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#taken[middle]! >= value) high = middle
      else low = middle + 1
    }
    return this.#taken[low]
  }
}

function some(values: readonly bigint[]): string {
  const left = values.length - limits.valuesShownMax
  return `${values.slice(-limits.valuesShownMax).join(', ')}${left > 0 ? ` and ${left} more` : ''}`
}

function returned(state: SequenceState, at: number): SequenceState {
  const free = [...state.free, state.reserved[at]!.value].sort((a, b) => (a < b ? -1 : 1))
  return { ...state, reserved: state.reserved.toSpliced(at, 1), free }
}
