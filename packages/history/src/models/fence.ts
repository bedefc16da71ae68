import type { Contradiction, Model, Question, Step, Timed } from '../model.ts'
import { answerOf, integerField } from './fields.ts'

interface FenceState {
  readonly largest: bigint | undefined
}

interface FenceAction {
  readonly token: bigint
  /** `undefined` while the outcome is unknown. */
  readonly isTaken: boolean | undefined
}

/** A resource that takes a write exactly when its token is at least the largest it has seen. */
export function fenceQuestion(timed: readonly Timed[]): Question<FenceState, FenceAction> | Contradiction {
  const steps = timed.flatMap(({ operation, callNs, returnNs }): Step<FenceAction>[] => {
    const token = integerField(operation.args, 'token') ?? 0n
    const isTaken = answerOf(operation)?.ok
    if (isTaken === false && returnNs === Number.POSITIVE_INFINITY) return []
    const action = { token, isTaken: typeof isTaken === 'boolean' ? isTaken : undefined }
    return [{ action, callNs, returnNs, observes: true, operations: [operation] }]
  })
  const taken = steps.filter(
    ({ action, returnNs }) => action.isTaken === true && returnNs !== Number.POSITIVE_INFINITY,
  )
  const byReturn = [...taken].sort((a, b) => a.returnNs - b.returnNs)
  let largest: Step<FenceAction> | undefined
  let at = 0
  for (const step of [...taken].sort((a, b) => a.callNs - b.callNs)) {
    for (; at < byReturn.length && byReturn[at]!.returnNs < step.callNs; at++)
      if (largest === undefined || byReturn[at]!.action.token > largest.action.token) largest = byReturn[at]
    if (largest !== undefined && largest.action.token > step.action.token)
      return {
        operations: [...largest.operations, ...step.operations],
        reason: `token ${step.action.token} was taken after token ${largest.action.token}`,
      }
  }
  return { model: new Fence(taken.map(({ action }) => action.token)), steps }
}

class Fence implements Model<FenceState, FenceAction> {
  readonly initial: readonly FenceState[] = [{ largest: undefined }]
  /** Tokens of writes that must be taken, each once, ascending: none may be passed over. */
  readonly #tokens: readonly bigint[]

  constructor(tokens: readonly bigint[]) {
    this.#tokens = [...new Set(tokens)].sort((a, b) => (a < b ? -1 : 1))
  }

  key({ largest }: FenceState): string {
    return String(largest)
  }

  take(state: FenceState, { token, isTaken }: FenceAction): readonly FenceState[] {
    const { largest } = state
    const fits = largest === undefined || token >= largest
    if (isTaken === false) return fits ? [] : [state]
    if (!fits) return []
    if (token === largest) return isTaken ? [state] : []
    const next = this.#next(largest)
    return next !== undefined && token > next ? [] : [{ largest: token }]
  }

  lapse(): readonly FenceState[] {
    return []
  }

  kind({ token }: FenceAction): string {
    return String(token)
  }

  helps(_state: FenceState, { token, isTaken }: FenceAction, target: FenceAction): 'no' | 'may' | 'must' {
    if (isTaken === false) return 'no'
    return target.isTaken === true && token > target.token ? 'no' : 'may'
  }

  hinders(first: FenceAction, second: FenceAction): boolean {
    return first.isTaken !== false && first.token > second.token
  }

  describe({ largest }: FenceState): string {
    return largest === undefined ? 'it has seen no token' : `the largest token it has seen is ${largest}`
  }

  /** The smallest token above `largest` that must still be taken. */
  #next(largest: bigint | undefined): bigint | undefined {
    if (largest === undefined) return this.#tokens[0]
    let low = 0
    let high = this.#tokens.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#tokens[middle]! > largest) high = middle
      else low = middle + 1
    }
    return this.#tokens[low]
  }
}
