import type { Waiter } from '../graph.ts'

/** One who waits in a circle, and the name (or for licenses the product) at which it waits for the next. */
export type CycleMember = {
  readonly session: number
  readonly owner: string
  readonly name: string
  readonly product?: number
}

export type Cycle = { readonly victim: Waiter; readonly members: readonly CycleMember[] }

/** The victim is who has the lowest priority, then the youngest. */
export function cycleOf(waiters: readonly Waiter[], members: readonly CycleMember[]): Cycle {
  let victim = waiters[0]!
  for (const waiter of waiters) if (isRatherVictim(waiter, victim)) victim = waiter
  return { victim, members }
}

function isRatherVictim(a: Waiter, b: Waiter): boolean {
  return a.priority < b.priority || (a.priority === b.priority && a.order > b.order)
}
