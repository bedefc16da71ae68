import type { Answer } from './answer.ts'
import { limits } from './limits.ts'
import type { Contradiction, Timed } from './model.ts'
import { isRead } from './vocabulary.ts'

/**
 * Finds fewer operations that already contradict each other. The others may then have happened with the answer they
 * got, at any time after their call, or not at all: this allows more than the history says, so what is impossible
 * even so is impossible without them. `undefined` if nothing smaller was found.
 */
export function shrink(
  timed: readonly Timed[],
  returnNs: number,
  answer: (timed: readonly Timed[]) => Answer,
): Contradiction | undefined {
  let best: Contradiction | undefined
  let moves = 0
  const isEnough = (needed: ReadonlySet<Timed>): boolean => {
    const result = answer(all.map((each) => (needed.has(each) ? each : loosened(each))))
    moves += result.moves
    if (result.kind !== 'impossible') return false
    const certain = new Set([...needed].map(({ operation }) => operation))
    const operations = result.contradiction.operations.filter(
      (operation) => certain.has(operation) || (operation.status === 'unknown' && !isRead(operation)),
    )
    best = { ...result.contradiction, operations }
    return true
  }
  const certain = timed.filter(({ returnNs }) => returnNs !== Number.POSITIVE_INFINITY)
  const all = timed
  let needed: readonly Timed[] = certain.filter(({ callNs }) => callNs <= returnNs)
  if (!isEnough(new Set(needed))) needed = certain
  for (let size = Math.ceil(needed.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < needed.length; ) {
      if (moves > limits.shrinkMovesMax) return best
      const fewer = needed.toSpliced(at, size)
      if (isEnough(new Set(fewer))) needed = fewer
      else at += size
    }
  }
  return best
}

function loosened(timed: Timed): Timed {
  return { ...timed, returnNs: Number.POSITIVE_INFINITY }
}
