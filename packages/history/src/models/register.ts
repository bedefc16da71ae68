import type { Model, Question, Step, Timed } from '../model.ts'
import { answerOf, integerField } from './fields.ts'

type Value = bigint | undefined

interface RegisterState {
  readonly value: Value
}

type RegisterAction =
  | { readonly verb: 'read'; readonly value: Value }
  | { readonly verb: 'write'; readonly value: Value }
  | { readonly verb: 'cas'; readonly from: Value; readonly to: Value; readonly isDone: boolean }

/** A register: empty at first, then what was written, or put in the place of the expected value. */
export function registerQuestion(timed: readonly Timed[]): Question<RegisterState, RegisterAction> {
  const steps: Step<RegisterAction>[] = []
  for (const { operation, callNs, returnNs } of timed) {
    const action = actionOf(operation)
    if (action === undefined) continue
    const observes = action.verb === 'read' || (action.verb === 'cas' && !action.isDone)
    if (observes && returnNs === Number.POSITIVE_INFINITY) continue
    steps.push({ action, callNs, returnNs, observes, operations: [operation] })
  }
  return { model: register, steps }
}

function actionOf(operation: Timed['operation']): RegisterAction | undefined {
  const { op, args } = operation
  const answer = answerOf(operation)
  if (op === 'register.read')
    return answer === undefined ? undefined : { verb: 'read', value: integerField(answer, 'value') }
  if (op === 'register.write') return { verb: 'write', value: integerField(args, 'value') }
  const isDone = answer?.ok !== false
  return { verb: 'cas', from: integerField(args, 'from'), to: integerField(args, 'to'), isDone }
}

const register: Model<RegisterState, RegisterAction> = {
  initial: [{ value: undefined }],
  key: ({ value }) => String(value),
  take(state, action) {
    switch (action.verb) {
      case 'read':
        return action.value === state.value ? [state] : []
      case 'write':
        return [{ value: action.value }]
      case 'cas':
        if (!action.isDone) return action.from === state.value ? [] : [state]
        return action.from === state.value ? [{ value: action.to }] : []
    }
  },
  lapse: () => [],
  kind: (action) =>
    action.verb === 'cas' ? `${action.from} to ${action.to}` : `${action.verb} ${action.value}`,
  helps: (_state, action) =>
    action.verb === 'read' || (action.verb === 'cas' && !action.isDone) ? 'no' : 'may',
  hinders: (first) => first.verb === 'write' || (first.verb === 'cas' && first.isDone),
  describe: ({ value }) => (value === undefined ? 'it is empty' : `it holds ${value}`),
}
