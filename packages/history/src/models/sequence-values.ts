import type { Contradiction, Timed } from '../model.ts'
import type { Operation } from '../operation.ts'
import { answerOf, integerField, textField } from './fields.ts'
import { requestKey } from './requests.ts'

interface Draw {
  readonly operation: Operation
  readonly first: bigint
  readonly last: bigint
}

/** A number that two draws got, or a request that got two numbers. */
export function valuesAtFault(timed: readonly Timed[]): Contradiction | undefined {
  const byRequest = new Map<string, Draw>()
  const draws: Draw[] = []
  for (const { operation, returnNs } of timed) {
    const answer = answerOf(operation)
    if (answer === undefined || returnNs === Number.POSITIVE_INFINITY) continue
    if (operation.op !== 'seq.next' && operation.op !== 'seq.reserve') continue
    const first = integerField(answer, 'value')
    if (first === undefined) continue
    const count = operation.op === 'seq.next' ? (integerField(operation.args, 'n') ?? 1n) : 1n
    const draw: Draw = { operation, first, last: first + count - 1n }
    const key = requestKey(operation)
    if (key !== undefined) {
      const sent = byRequest.get(key)
      if (sent !== undefined && sent.first !== first)
        return {
          operations: [sent.operation, operation],
          reason: `request ${textField(operation.args, 'req_id')} was answered with ${sent.first} and with ${first}`,
        }
      if (sent !== undefined) continue
      byRequest.set(key, draw)
    }
    // A reserved number may come back and be issued again.
    if (operation.op === 'seq.next') draws.push(draw)
  }
  draws.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  for (const [index, draw] of draws.entries()) {
    if (draw.first < 1n) return { operations: [draw.operation], reason: 'a sequence begins at 1' }
    const before = draws[index - 1]
    if (before !== undefined && before.last >= draw.first)
      return {
        operations: [before.operation, draw.operation],
        reason: `number ${draw.first} was given out twice`,
      }
  }
  return undefined
}
