import { checkHistory, explain, type Operation } from '@tranca/history'
import type { Calls } from '../history/calls.ts'
import { LockHistory } from '../history/locks.ts'
import { NumberHistory } from '../history/numbers.ts'
import { PermitHistory } from '../history/permits.ts'
import type { Complain } from './checker.ts'

/**
 * What clients saw has one possible order (Herlihy and Wing 1990): locks, numbers and permits, from outside, without
 * a look into any node.
 */
export class Order {
  readonly #complain: Complain
  /** Locks, sequences and semaphores that took too long to decide. */
  undecided: readonly string[] = []

  constructor(complain: Complain) {
    this.#complain = complain
  }

  /** After the run. */
  judge(seen: Pick<Calls, 'calls' | 'endings'>): void {
    const judged = checkHistory(operationsOf(seen))
    if (judged.verdict === 'violation') this.#complain(judged.findings.map(explain).join('\n'))
    else if (judged.verdict === 'undecided') this.undecided = judged.objects
  }
}

/** All calls in the words of the history checker. */
function operationsOf({ calls, endings }: Pick<Calls, 'calls' | 'endings'>): Operation[] {
  const histories = [new LockHistory(), new NumberHistory(), new PermitHistory()]
  for (const call of calls) {
    // What never had a session was never sent.
    if (call.session.id !== 0) for (const one of histories) one.see(call)
  }
  for (const ending of endings) for (const one of histories) one.ended(ending)
  return histories.flatMap(({ operations }) => operations)
}
