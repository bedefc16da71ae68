import { type Claim, type Owner, type Waiter, waitersOf } from '../graph.ts'
import { nameOf } from '../names.ts'
import { type Cycle, type CycleMember, cycleOf } from './cycle.ts'

/**
 * Looks for a circle of waits in which some wait for what any of several could give: a unit of a license.
 * Such a waiter is stuck only if all who could give it are stuck too. So first everybody is gathered
 * who may be stuck with the new waiter; then those who can go on are taken out, as long as there are any:
 * who waits for nobody is taken to give back all that it has. Those who are left wait for each other for
 * ever, and the circle is a shortest way among them from the waiter back to its owner.
 *
 * Who asks for locks is one thread, for they are taken again by the same owner; but an owner may stand for all
 * requests of a web service. So who waits for a unit while it has others is taken to work on with them, and
 * keeps them from nobody.
 *
 * The place in a license's queue does not count: a circle found is a real one, but one that is closed only by
 * those ahead in such a queue is left to time-outs. The same if looking takes too many steps.
 */
export class KnotSearch {
  readonly #stepsMax: number
  #steps = 0

  constructor(stepsMax: number) {
    this.#stepsMax = stepsMax
  }

  /** A circle from one waiter of the owner, or from any of them, back to what the owner holds. */
  find(owner: Owner, from: Waiter | undefined): Cycle | undefined {
    this.#steps = 0
    const starts = from === undefined ? waitersOf(owner) : [from]
    const stuck = this.#gather(starts)
    this.#reduce(stuck)
    return this.#steps > this.#stepsMax ? undefined : this.#shortest(owner, starts, stuck)
  }

  #gather(starts: readonly Waiter[]): Set<Waiter> {
    const found = new Set(starts)
    for (const waiter of found) {
      for (const obstacle of this.#obstacles(waiter, undefined)) {
        for (const each of nextOf(obstacle)) found.add(each)
      }
    }
    return found
  }

  #reduce(stuck: Set<Waiter>): void {
    for (let before = -1; before !== stuck.size; ) {
      before = stuck.size
      for (const waiter of stuck) if (this.#obstacles(waiter, stuck).length === 0) stuck.delete(waiter)
    }
  }

  #shortest(owner: Owner, starts: readonly Waiter[], stuck: ReadonlySet<Waiter>): Cycle | undefined {
    const cameFrom = new Map<Waiter, Step | undefined>()
    for (const waiter of starts) if (stuck.has(waiter)) cameFrom.set(waiter, undefined)
    for (const [waiter] of cameFrom) {
      for (const obstacle of this.#obstacles(waiter, stuck)) {
        const step = { waiter, obstacle }
        if (obstacle.ahead === undefined && obstacle.owner === owner) return circle(step, cameFrom)
        for (const each of nextOf(obstacle)) {
          if (stuck.has(each) && !cameFrom.has(each)) cameFrom.set(each, step)
        }
      }
    }
    return undefined
  }

  /** What holds the waiter up, as far as it is in the hands of those who are stuck, or at first of any who wait. */
  #obstacles(waiter: Waiter, stuck: ReadonlySet<Waiter> | undefined): readonly Obstacle[] {
    const found: Obstacle[] = []
    this.#steps += 1
    if (this.#steps > this.#stepsMax) return found
    const isStuck = (each: Waiter): boolean => stuck === undefined || stuck.has(each)
    for (const claim of waiter.claims) {
      this.#addObstaclesOf(claim, isStuck, found)
    }
    const lacks = waiter.lackBecauseOf((owner) => this.#holds(threadsOf(owner), isStuck))
    for (const { owner, name, product } of lacks) found.push({ owner, ahead: undefined, name, product })
    return found
  }

  #addObstaclesOf(claim: Claim, isStuck: (waiter: Waiter) => boolean, found: Obstacle[]): void {
    const name = nameOf(claim.resource.key)
    for (let hold = claim.resource.firstHold; hold !== undefined; hold = hold.nextOfResource) {
      const { owner } = hold
      if (!this.#holds(waitersOf(owner), isStuck) || !claim.isBlockedBy(hold)) continue
      found.push({ owner, ahead: undefined, name, product: undefined })
    }
    for (const { waiter: ahead } of claim.ahead()) {
      if (this.#steps > this.#stepsMax) return
      if (this.#holds([ahead], isStuck)) found.push({ owner: ahead.owner, ahead, name, product: undefined })
    }
  }

  /** Whether one of these waiters keeps its owner from giving back. */
  #holds(waiters: readonly Waiter[], isStuck: (waiter: Waiter) => boolean): boolean {
    this.#steps += 1
    // Whoever is not looked at may give what it has: nothing is found then, and nothing wrong.
    return this.#steps <= this.#stepsMax && waiters.some(isStuck)
  }
}

interface Obstacle {
  /** Who must give something back. */
  readonly owner: Owner
  /** Or who must go first. */
  readonly ahead: Waiter | undefined
  readonly name: string
  readonly product: number | undefined
}

interface Step {
  readonly waiter: Waiter
  readonly obstacle: Obstacle
}

/** Those who wait for locks or permits. */
function threadsOf(owner: Owner): Waiter[] {
  return waitersOf(owner).filter(({ hasChoice }) => !hasChoice)
}

/** Whose waits keep the obstacle where it is. */
function nextOf({ owner, ahead, product }: Obstacle): Waiter[] {
  if (ahead !== undefined) return [ahead]
  return product === undefined ? waitersOf(owner) : threadsOf(owner)
}

function circle(last: Step, cameFrom: ReadonlyMap<Waiter, Step | undefined>): Cycle {
  const waiters: Waiter[] = []
  const members: CycleMember[] = []
  for (let step: Step | undefined = last; step !== undefined; step = cameFrom.get(step.waiter)) {
    const { owner } = step.waiter
    const { name, product } = step.obstacle
    waiters.push(step.waiter)
    const member = { session: owner.session.id, owner: owner.name, name }
    members.push(product === undefined ? member : { ...member, product })
  }
  return cycleOf(waiters.reverse(), members.reverse())
}
