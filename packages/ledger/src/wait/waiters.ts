import { strict as assert } from 'node:assert'
import type { Core } from '../core.ts'
import type { Line, Owner, Resource, Session, Waiter } from '../graph.ts'
import type { Refusal, Result } from '../result.ts'
import { Answer } from '../session/answer.ts'
import { Candidates } from './candidates.ts'
import { DeadlockSearch } from './deadlock.ts'

/**
 * Requests that wait, and who of them goes on. The rule: as long as some waiter is free in all its
 * claims, the one with the smallest order is granted. Only waiters that a change can have freed are
 * looked at.
 */
export class Waiters {
  readonly #core: Core
  /** Resources of which something was given back, in no meaningful order. */
  readonly #touched: Resource[] = []
  /** Lines in which someone may go on now. */
  readonly #lines: Line[] = []
  readonly #candidates = new Candidates()
  /** Owners that wait, and in this step came to hold or queue otherwise: that closes a circle late. */
  readonly #suspects: Owner[] = []
  readonly #search: DeadlockSearch
  /** The request being applied: it is answered by apply's return, not through the sink. */
  #applying: Waiter | undefined = undefined
  #early: Result | undefined = undefined

  constructor(core: Core) {
    this.#core = core
    this.#search = new DeadlockSearch(core.limits.deadlockStepsMax)
  }

  /** The last step of an acquire that could not be granted. `undefined`: it waits. */
  start(waiter: Waiter): Result | undefined {
    this.enqueue(waiter)
    this.#core.rows.mark(waiter)
    this.#applying = waiter
    if (this.#search.canClose(waiter.owner)) this.#breakCycles(waiter.owner, waiter)
    return undefined
  }

  /** Also for restore, in the order of the waiters. */
  enqueue(waiter: Waiter): void {
    waiter.owner.addWaiter(waiter)
    waiter.owner.session.waiting.set(waiter.id, waiter)
    for (const claim of waiter.claims) claim.resource.addClaim(claim)
    waiter.join()
    if (waiter.waitMs >= 0) this.#core.timers.set(waiter)
  }

  /** Says that waiters of the resource may be free now. */
  touch(resource: Resource): void {
    if (resource.touched || resource.firstClaim === undefined) return
    resource.touched = true
    this.#touched.push(resource)
  }

  /** Says that those who wait in the line may be free now. */
  touchLine(line: Line): void {
    if (line.touched || line.isEmpty) return
    line.touched = true
    this.#lines.push(line)
  }

  /** Says that this waiter may be free now, whatever its place. */
  nominate(waiter: Waiter): void {
    this.#candidates.push(waiter)
  }

  /** Says that the owner may wait for itself now, if it waits. */
  suspect(owner: Owner): void {
    if (this.#search.canCloseLate(owner)) this.#suspects.push(owner)
  }

  /** Ends a wait without a grant. */
  refuse(waiter: Waiter, refusal: Refusal): void {
    this.#dequeue(waiter)
    for (const claim of waiter.claims) claim.resource.vanishIfIdle()
    this.#complete(waiter, refusal)
  }

  timeout(waiter: Waiter): void {
    this.refuse(waiter, waiter.timeout())
  }

  /** Stores the answer until the client acknowledges it. */
  remember(session: Session, id: number, result: Result): void {
    const answer = new Answer(session.id, id, result)
    session.answers.add(answer)
    this.#core.rows.mark(answer)
  }

  /** Grants whatever the step has freed. Runs at the end of every step. */
  settle(): void {
    for (;;) {
      const isSettled = this.#touched.length === 0 && this.#lines.length === 0 && this.#suspects.length === 0
      if (isSettled && this.#candidates.isEmpty) return
      this.#grantAll()
      const suspect = this.#suspects.shift()
      if (suspect !== undefined) this.#breakCycles(suspect, undefined)
    }
  }

  /** What became of the request being applied, if it did not stay waiting. */
  takeEarly(): Result | undefined {
    const early = this.#early
    this.#applying = undefined
    this.#early = undefined
    return early
  }

  #grantAll(): void {
    for (;;) {
      for (let resource = this.#touched.pop(); resource !== undefined; resource = this.#touched.pop()) {
        resource.touched = false
        this.#nominate(resource)
      }
      for (let line = this.#lines.pop(); line !== undefined; line = this.#lines.pop()) {
        line.touched = false
        const next = line.nominate()
        if (next !== undefined) this.#candidates.push(next)
      }
      const waiter = this.#candidates.pop()
      if (waiter === undefined) return
      if (!waiter.gone && waiter.isFree()) this.#grant(waiter)
    }
  }

  /** The head of the queue; and the sole holder's own waiters, whose place does not matter. */
  #nominate(resource: Resource): void {
    if (resource.firstClaim !== undefined) this.#candidates.push(resource.firstClaim.waiter)
    if (resource.holdCount === 1) this.#nominateAllOf(resource.firstHold!.owner)
  }

  #nominateAllOf(owner: Owner): void {
    for (let waiter = owner.firstWaiter; waiter !== undefined; waiter = waiter.nextOfOwner) {
      this.#candidates.push(waiter)
    }
  }

  #grant(waiter: Waiter): void {
    const { owner } = waiter
    // A session takes its waiters along when it ends; this is the second look (O3).
    assert(owner.session.alive, `request ${waiter.id} of the ended session ${owner.session.id} still waits`)
    const owners = owner.session.owners
    this.#dequeue(waiter)
    // The owner may have vanished with its last wait; it holds again in this very step.
    owners.set(owner.name, owner)
    this.#complete(waiter, waiter.take())
    if (owner.firstWaiter === undefined) return
    // What it holds from now on it may take again, ahead of the queue.
    if (waiter.claims.some(({ resource }) => resource.firstClaim !== undefined)) this.#nominateAllOf(owner)
    this.suspect(owner)
  }

  #dequeue(waiter: Waiter): void {
    this.#core.timers.clear(waiter)
    this.#core.rows.remove(waiter)
    waiter.owner.session.waiting.delete(waiter.id)
    waiter.owner.removeWaiter(waiter)
    waiter.leave()
    for (const claim of waiter.claims) {
      const { resource } = claim
      const wasFirst = resource.firstClaim === claim
      resource.removeClaim(claim)
      if (wasFirst) this.touch(resource)
    }
  }

  #complete(waiter: Waiter, result: Result): void {
    if (waiter === this.#applying) {
      this.#early = result
      return
    }
    const { session } = waiter.owner
    if (session.alive) this.remember(session, waiter.id, result)
    this.#core.sink.answer(session.id, waiter.id, result)
  }

  /**
   * As long as the owner waits in a circle, through its new waiter or through any: one victim is refused,
   * the others go on.
   */
  #breakCycles(owner: Owner, waiter: Waiter | undefined): void {
    while (waiter?.gone !== true) {
      const cycle = this.#search.find(owner, waiter)
      if (cycle === undefined) return
      this.refuse(cycle.victim, cycle.victim.deadlock(cycle.members))
      this.#grantAll()
    }
  }
}
