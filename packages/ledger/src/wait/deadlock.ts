import { type Claim, type Owner, type Waiter, waitersOf } from '../graph.ts'
import { nameOf } from '../names.ts'
import { type Cycle, type CycleMember, cycleOf } from './cycle.ts'
import { KnotSearch } from './knot.ts'

/**
 * Looks for a circle of waits. A waiter waits for the owners whose holds block its claims (and so for
 * everything that these owners wait for), and for those ahead of it in each queue where its place
 * counts. A circle closes at something that the owner holds, or at who stands behind its waiter. Breadth
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

  /** The same before a search from all waiters of the owner: or someone who stands behind one of them. */
  canCloseLate(owner: Owner): boolean {
    if (owner.firstWaiter === undefined) return false
    return this.canClose(owner) || waitersOf(owner).some(isAhead)
  }

  /** A circle through the owner's new waiter, or through any of its waiters. */
  find(owner: Owner, from: Waiter | undefined): Cycle | undefined {
    this.#steps = 0
    const starts = from === undefined ? waitersOf(owner) : [from]
    const { cycle, hasChoice } = this.#round(owner, starts)
    if (cycle !== undefined) return cycle
    if (starts.length > 1) {
      // From several at once it is not known whose place it is at which the way ends.
      for (const start of starts) {
        const late = isAhead(start) ? this.#round(owner, [start]).cycle : undefined
        if (late !== undefined) return late
      }
    }
    return hasChoice ? this.#knots.find(owner, from) : undefined
  }

  #round(owner: Owner, starts: readonly Waiter[]): Round {
    this.#search += 1
    for (const start of starts) this.#add(start, undefined)
    const cycle = this.#walk(owner, starts.length === 1 ? starts[0] : undefined)
    const hasChoice = this.#queue.some((waiter) => waiter.hasChoice)
    for (const waiter of this.#queue) waiter.cameFrom = undefined
    this.#queue.length = 0
    return { cycle, hasChoice }
  }

  #walk(owner: Owner, start: Waiter | undefined): Cycle | undefined {
    const queue = this.#queue
    for (let at = 0; at < queue.length; at += 1) {
      for (const claim of queue[at]!.claims) {
        for (let hold = claim.resource.firstHold; hold !== undefined; hold = hold.nextOfResource) {
          if (this.#isTooFar()) return undefined
          if (!claim.isBlockedBy(hold)) continue
          if (hold.owner === owner) return circle(claim)
          this.#addWaitersOf(hold.owner, claim)
        }
        for (const { waiter } of claim.ahead()) {
          if (this.#isTooFar()) return undefined
          if (waiter === start) return circle(claim)
          this.#add(waiter, claim)
        }
      }
    }
    return undefined
  }

  #isTooFar(): boolean {
    this.#steps += 1
    return this.#steps > this.#stepsMax
  }

  #addWaitersOf(owner: Owner, from: Claim): void {
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

interface Round {
  readonly cycle: Cycle | undefined
  /** Someone was met who may go on with any of several units. */
  readonly hasChoice: boolean
}

function isAhead({ claims }: Waiter): boolean {
  return claims.some(({ next }) => next !== undefined)
}

/** From its last claim, at which it closes, back to the first. */
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
