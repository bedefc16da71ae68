import { type Ask, decide } from './decide.ts'
import type { Timed } from './model.ts'
import { fenceQuestion } from './models/fence.ts'
import { lockQuestion } from './models/lock.ts'
import { poolQuestion } from './models/pool.ts'
import { registerQuestion } from './models/register.ts'
import { sequenceQuestion } from './models/sequence.ts'
import type { Operation } from './operation.ts'
import { kindOf, objectOf } from './vocabulary.ts'

/** Why no correct service can have given the answers that an object's clients saw. */
export interface Finding {
  /** Kind and name: `lock customer/17`. */
  readonly object: string
  /** As few operations as could be found that already contradict each other. */
  readonly operations: readonly Operation[]
  /** In words, without a full stop. */
  readonly reason: string
}

export type Verdict =
  | { readonly verdict: 'ok'; readonly operations: number; readonly objects: number }
  /** One finding for each object that is at fault. */
  | { readonly verdict: 'violation'; readonly findings: readonly Finding[] }
  /** These objects would take too long to decide; no other one is at fault. */
  | { readonly verdict: 'undecided'; readonly objects: readonly string[] }

/**
 * Decides whether the history is linearizable: whether each operation can have taken effect at one moment between
 * its call and its return so that all answers are right. Objects are independent of each other. Operations must
 * have the shapes that `parseHistory` demands; their order does not matter.
 */
export function checkHistory(operations: readonly Operation[]): Verdict {
  const objects = byObject(operations)
  const findings: Finding[] = []
  const undecided: string[] = []
  for (const [object, timed] of objects) {
    const contradiction = deciders[kindOf(object)]!(timed)
    if (contradiction === 'undecided') undecided.push(object)
    else if (contradiction !== undefined) findings.push({ object, ...contradiction })
  }
  if (findings.length > 0) return { verdict: 'violation', findings }
  if (undecided.length > 0) return { verdict: 'undecided', objects: undecided }
  return { verdict: 'ok', operations: operations.length, objects: objects.size }
}

type Decide = (timed: readonly Timed[]) => ReturnType<typeof decide>

const deciders: { readonly [kind: string]: Decide } = {
  lock: by(lockQuestion),
  fence: by(fenceQuestion),
  seq: by(sequenceQuestion),
  pool: by(poolQuestion),
  register: by(registerQuestion),
}

function by<State, Action>(ask: Ask<State, Action>): Decide {
  return (timed) => decide(timed, ask)
}

/** Without operations that certainly had no effect. */
function byObject(operations: readonly Operation[]): Map<string, Timed[]> {
  const objects = new Map<string, Timed[]>()
  let firstNs: bigint | undefined
  for (const { callNs } of operations) if (firstNs === undefined || callNs < firstNs) firstNs = callNs
  for (const operation of operations) {
    if (operation.status === 'fail') continue
    const object = objectOf(operation)
    const timed: Timed = {
      operation,
      callNs: Number(operation.callNs - (firstNs ?? 0n)),
      returnNs:
        operation.status === 'ok' && operation.returnNs !== undefined
          ? Number(operation.returnNs - (firstNs ?? 0n))
          : Number.POSITIVE_INFINITY,
    }
    const list = objects.get(object)
    if (list === undefined) objects.set(object, [timed])
    else list.push(timed)
  }
  return objects
}
