import type { Claim, Owner, Waiter } from '../graph.ts'
import { nameOf } from '../names.ts'
import { type Cycle, type CycleMember, cycleOf } from './cycle.ts'
import { KnotSearch } from './knot.ts'

/**
 * Looks for a circle of waits. A waiter waits for the owners whose holds block its claims (and so for
 * everything that these owners wait for), and for those ahead of it in each queue where its place
 * counts. A circle closes at something that the owner holds: nobody stands behind a new waiter. Breadth
 * first, so the circle found is a shortest one; edges are taken in the order of claims, holders, and each
 * holder's waiters. An owner that waits in one thread while another thread of it works on is taken as
 * waiting.
 *
 * A holder of permits blocks only if the claim cannot be met without what it holds; so a circle found is
 * a real one, but a circle through permits that any of several holders could give is left to time-outs.
 * Who waits for a license may go on with any unit; if one was met on the way, a search for knots follows.
 */
export class DeadlockSearch {
  readonly #stepsMax: number
  readonly #queue: Waiter[] = []
  readonly #knots: KnotSearch
  #search = 0
  #steps = 0

  constructor(stepsMax: number) {
    this.#stepsMax = stepsMax
    this.#knots = new KnotSearch(stepsMax)
  }

  /** Cheap look before a new waiter's search: a circle needs someone who waits for what its owner holds. */
  canClose(owner: Owner): boolean {
    for (let held = owner.firstHolding; held !== undefined; held = held.nextOfOwner) {
      if (held.isWaitedFor) return true
    }
    return false
  }

  /** A circle from one waiter of the owner, or from any of them, back to what the owner holds. */
  find(owner: Owner, from: Waiter | undefined): Cycle | undefined {
    this.#search += 1
    this.#steps = 0
    if (from === undefined) this.#addWaitersOf(owner, undefined)
    else this.#add(from, undefined)
    const cycle = this.#walk(owner)
    const mayKnot = cycle === undefined && this.#queue.some(({ hasChoice }) => hasChoice)
    for (const waiter of this.#queue) waiter.cameFrom = undefined
    this.#queue.length = 0
    return mayKnot ? this.#knots.find(owner, from) : cycle
  }

  #walk(owner: Owner): Cycle | undefined {
    const queue = this.#queue
    for (let at = 0; at < queue.length; at += 1) {
      for (const claim of queue[at]!.claims) {
        for (let hold = claim.resource.firstHold; hold !== undefined; hold = hold.nextOfResource) {
          if (this.#isTooFar()) return undefined
          if (!claim.isBlockedBy(hold)) continue
          if (hold.owner === owner) return circle(claim)
          this.#addWaitersOf(hold.owner, claim)
        }
        for (const ahead of claim.ahead()) {
          if (this.#isTooFar()) return undefined
          this.#add(ahead.waiter, claim)
        }
      }
    }
    return undefined
  }

  #isTooFar(): boolean {
    this.#steps += 1
    return this.#steps > this.#stepsMax
  }

  #addWaitersOf(owner: Owner, from: Claim | undefined): void {
    for (let waiter = owner.firstWaiter; waiter !== undefined; waiter = waiter.nextOfOwner) {
      this.#add(waiter, from)
      this.#steps += 1
    }
  }

  #add(waiter: Waiter, from: Claim | undefined): void {
    if (waiter.seenBy === this.#search) return
    waiter.seenBy = this.#search
    waiter.cameFrom = from
    this.#queue.push(waiter)
  }
}

/** From its last claim, which waits for the owner, back to the first. */
function circle(last: Claim): Cycle {
  const waiters: Waiter[] = []
  const members: CycleMember[] = []
  for (let claim: Claim | undefined = last; claim !== undefined; claim = claim.waiter.cameFrom) {
    const { owner } = claim.waiter
    waiters.push(claim.waiter)
    members.push({ session: owner.session.id, owner: owner.name, name: nameOf(claim.resource.key) })
  }
  return cycleOf(waiters.reverse(), members.reverse())
}
