import type { Caller, CallOptions } from './caller.ts'
import { Grant } from './license.ts'
import { Lock } from './lock.ts'
import type { RequestOf, ResultOf } from './operations.ts'
import { Permits } from './semaphore.ts'
import { Reservation, Sequence } from './sequence.ts'

/** One part of a bundle: the operation and its fields, without owner and wait. */
export type BundlePart = RequestOf<'bundle'>['parts'][number]

interface HeldBy {
  'license.checkout': Grant
  'lock.acquire': Lock
  'semaphore.acquire': Permits
  'sequence.reserve': Reservation
  'sequence.next': ResultOf<'sequence.next'>
}

/** What a part gives: the same as the call that takes it alone. */
export type HeldOf<P extends BundlePart> = HeldBy[P['op']]
export type AllHeld<P extends readonly BundlePart[]> = { readonly [I in keyof P]: HeldOf<P[I]> }

/** Licenses, locks, permits and numbers that were taken in one step. */
export class Bundle<P extends readonly BundlePart[] = readonly BundlePart[]> {
  /** The fencing token of all of it. */
  readonly token: number
  /** What each part gave, in their order. */
  readonly held: AllHeld<P>

  constructor(caller: Caller, owner: string, parts: P, result: ResultOf<'bundle'>) {
    this.token = result.token
    this.held = parts.map((part, at) =>
      heldOf(caller, owner, part, result.results[at]),
    ) as unknown as AllHeld<P>
  }

  /**
   * Gives licenses, locks and permits back. A reserved number is not touched: its caller confirms it or rolls it
   * back.
   */
  async release(options: CallOptions = {}): Promise<void> {
    const held: readonly unknown[] = this.held
    const returns = held.map((one) => {
      return one instanceof Grant || one instanceof Lock || one instanceof Permits
        ? one.release(options)
        : undefined
    })
    await Promise.all(returns)
  }
}

function heldOf(caller: Caller, owner: string, part: BundlePart, result: unknown): HeldBy[keyof HeldBy] {
  switch (part.op) {
    case 'license.checkout':
      return new Grant(caller, owner, result as ResultOf<'license.checkout'>)
    case 'lock.acquire': {
      const { token, counts } = result as ResultOf<'lock.acquire'>
      return new Lock(caller, { owner, names: part.locks.map((lock) => lock.name), token, counts })
    }
    case 'semaphore.acquire': {
      const { token } = result as ResultOf<'semaphore.acquire'>
      return new Permits(caller, { owner, name: part.name, count: part.permits ?? 1, token })
    }
    case 'sequence.reserve': {
      const { company, branch, period } = part.scope
      const sequence = new Sequence(caller, owner, part.name, {
        company,
        branch,
        ...(period === undefined ? {} : { period }),
        ...(part.spec === undefined ? {} : { spec: part.spec }),
      })
      return new Reservation(caller, sequence, result as ResultOf<'sequence.reserve'>)
    }
    case 'sequence.next':
      return result as ResultOf<'sequence.next'>
  }
}
