import type { Installation, LockMode } from './commands.ts'
import { HashTable } from './hash-table.ts'
import { IdMap } from './id-map.ts'
import { type Holder, type Refusal, type Result, refuse } from './result.ts'
import type { Row } from './rows.ts'
import type { Answer } from './session/answer.ts'
import type { Timed } from './timers.ts'

// Who holds and who waits for what. Everything held (a Holding) and everything waited for (a Waiter)
// hangs in a list of its owner, in the order of replicated numbers, so that giving up an owner or a
// session costs what it holds and happens in the same order on every node.
//
// A Resource is a name that can be waited for (a lock, a semaphore). A Waiter is one request; it has a
// Claim on each resource it asks for and is granted when all its claims are free, so a request over
// resources of different kinds is no special case.

/** A client process. Lives in the row `s/<id>`. */
export class Session implements Row {
  readonly id: number
  /** Hexadecimal. */
  readonly key: string
  readonly namespace: string
  readonly client: string
  readonly installation: Installation
  readonly ttlMs: number
  readonly lockDelayMs: number
  readonly codesMax: number
  /** Wall clock, epoch ms. */
  readonly openedMs: number
  generation = 1
  /** Largest request id executed. */
  lastId = 0
  /** False from the step in which it ends: nothing may be granted to it any more (O3). */
  alive = true
  readonly owners = new HashTable<Owner>()
  readonly answers = new IdMap<Answer>()
  readonly waiting = new Map<number, Waiter>()
  lockCount = 0
  codeCount = 0
  permitCount = 0
  reservationCount = 0
  grantCount = 0
  dirtyAt = -1
  stored = false
  gone = false

  constructor(fields: SessionFields) {
    this.id = fields.id
    this.key = fields.key
    this.namespace = fields.namespace
    this.client = fields.client
    this.installation = fields.installation
    this.ttlMs = fields.ttlMs
    this.lockDelayMs = fields.lockDelayMs
    this.codesMax = fields.codesMax
    this.openedMs = fields.openedMs
  }

  owner(name: string): Owner {
    let owner = this.owners.get(name)
    if (owner === undefined) {
      owner = new Owner(this, name)
      this.owners.set(name, owner)
    }
    return owner
  }

  rowKey(): string {
    return `s/${this.id}`
  }

  rowValue(): SessionFields & { readonly generation: number; readonly lastId: number } {
    return {
      id: this.id,
      key: this.key,
      namespace: this.namespace,
      client: this.client,
      installation: this.installation,
      ttlMs: this.ttlMs,
      lockDelayMs: this.lockDelayMs,
      codesMax: this.codesMax,
      openedMs: this.openedMs,
      generation: this.generation,
      lastId: this.lastId,
    }
  }
}

export type SessionFields = {
  readonly id: number
  readonly key: string
  readonly namespace: string
  readonly client: string
  readonly installation: Installation
  readonly ttlMs: number
  readonly lockDelayMs: number
  readonly codesMax: number
  readonly openedMs: number
}

/** A user or thread inside a session. Exists while it holds or waits for something. */
export class Owner {
  readonly session: Session
  readonly name: string
  firstHolding: Holding | undefined = undefined
  lastHolding: Holding | undefined = undefined
  firstWaiter: Waiter | undefined = undefined
  lastWaiter: Waiter | undefined = undefined

  constructor(session: Session, name: string) {
    this.session = session
    this.name = name
  }

  addHolding(holding: Holding): void {
    const last = this.lastHolding
    holding.previousOfOwner = last
    if (last === undefined) this.firstHolding = holding
    else last.nextOfOwner = holding
    this.lastHolding = holding
  }

  removeHolding(holding: Holding): void {
    const { previousOfOwner: previous, nextOfOwner: next } = holding
    if (previous === undefined) this.firstHolding = next
    else previous.nextOfOwner = next
    if (next === undefined) this.lastHolding = previous
    else next.previousOfOwner = previous
    holding.previousOfOwner = undefined
    holding.nextOfOwner = undefined
    this.vanishIfIdle()
  }

  addWaiter(waiter: Waiter): void {
    const last = this.lastWaiter
    waiter.previousOfOwner = last
    if (last === undefined) this.firstWaiter = waiter
    else last.nextOfOwner = waiter
    this.lastWaiter = waiter
  }

  removeWaiter(waiter: Waiter): void {
    const { previousOfOwner: previous, nextOfOwner: next } = waiter
    if (previous === undefined) this.firstWaiter = next
    else previous.nextOfOwner = next
    if (next === undefined) this.lastWaiter = previous
    else next.previousOfOwner = previous
    waiter.previousOfOwner = undefined
    waiter.nextOfOwner = undefined
    this.vanishIfIdle()
  }

  /** An owner without anything leaves nothing behind (O24). */
  vanishIfIdle(): void {
    if (this.firstHolding !== undefined || this.firstWaiter !== undefined) return
    if (this.session.owners.get(this.name) === this) this.session.owners.delete(this.name)
  }
}

/** Oldest first. */
export function waitersOf(owner: Owner): Waiter[] {
  const waiters: Waiter[] = []
  for (let each = owner.firstWaiter; each !== undefined; each = each.nextOfOwner) waiters.push(each)
  return waiters
}

/** Something that an owner holds. */
export abstract class Holding {
  abstract readonly kind: 'lock' | 'permits' | 'code' | 'reservation' | 'grant'
  readonly owner: Owner
  /** Replicated: the order in which things were taken. */
  readonly order: number
  previousOfOwner: Holding | undefined = undefined
  nextOfOwner: Holding | undefined = undefined

  constructor(owner: Owner, order: number) {
    this.owner = owner
    this.order = order
  }

  /** Someone waits for things like this one. */
  get isWaitedFor(): boolean {
    return false
  }
}

/** A name that can be held by several and waited for. */
export abstract class Resource implements Row {
  abstract readonly kind: 'lock' | 'semaphore'
  /** `namespace \0 name`. */
  readonly key: string
  firstHold: ResourceHold | undefined = undefined
  lastHold: ResourceHold | undefined = undefined
  holdCount = 0
  firstClaim: Claim | undefined = undefined
  lastClaim: Claim | undefined = undefined
  claimCount = 0
  /** In the list of resources whose waiters must be looked at. */
  touched = false
  dirtyAt = -1
  stored = false
  gone = false

  constructor(key: string) {
    this.key = key
  }

  addHold(hold: ResourceHold): void {
    const last = this.lastHold
    hold.previousOfResource = last
    if (last === undefined) this.firstHold = hold
    else last.nextOfResource = hold
    this.lastHold = hold
    this.holdCount += 1
    hold.owner.addHolding(hold)
  }

  removeHold(hold: ResourceHold): void {
    const { previousOfResource: previous, nextOfResource: next } = hold
    if (previous === undefined) this.firstHold = next
    else previous.nextOfResource = next
    if (next === undefined) this.lastHold = previous
    else next.previousOfResource = previous
    this.holdCount -= 1
    hold.owner.removeHolding(hold)
  }

  /** What `owner` holds here. Walks the shorter of both lists, so neither a popular lock nor a busy owner is slow. */
  holdOf(owner: Owner): ResourceHold | undefined {
    let here = this.firstHold
    let there = owner.firstHolding
    while (here !== undefined && there !== undefined) {
      if (here.owner === owner) return here
      if (there instanceof ResourceHold && there.resource === this) return there
      here = here.nextOfResource
      there = there.nextOfOwner
    }
    return undefined
  }

  addClaim(claim: Claim): void {
    const last = this.lastClaim
    claim.previous = last
    if (last === undefined) this.firstClaim = claim
    else last.next = claim
    this.lastClaim = claim
    this.claimCount += 1
  }

  removeClaim(claim: Claim): void {
    const { previous, next } = claim
    if (previous === undefined) this.firstClaim = next
    else previous.next = next
    if (next === undefined) this.lastClaim = previous
    else next.previous = previous
    claim.previous = undefined
    claim.next = undefined
    this.claimCount -= 1
  }

  /** The first holders, for refusals and reads. */
  holders(max: number): Holder[] {
    const holders: Holder[] = []
    for (let hold = this.firstHold; hold !== undefined && holders.length < max; hold = hold.nextOfResource) {
      holders.push(hold.view())
    }
    return holders
  }

  /** Ends the resource if it has no holder, waiter, delay or definition (O24). */
  abstract vanishIfIdle(): void
  abstract rowKey(): string
  abstract rowValue(): unknown
}

/** An owner's hold on a resource. Part of the resource's row. */
export abstract class ResourceHold extends Holding {
  readonly resource: Resource
  /** Fencing token of the latest grant. */
  token: number
  /** Wall clock, epoch ms. */
  readonly sinceMs: number
  previousOfResource: ResourceHold | undefined = undefined
  nextOfResource: ResourceHold | undefined = undefined

  constructor(owner: Owner, order: number, resource: Resource, token: number, sinceMs: number) {
    super(owner, order)
    this.resource = resource
    this.token = token
    this.sinceMs = sinceMs
  }

  override get isWaitedFor(): boolean {
    return this.resource.firstClaim !== undefined
  }

  abstract view(): Holder
}

/** A waiting request's place in the queue of one resource. */
export abstract class Claim {
  readonly resource: Resource
  readonly waiter: Waiter
  /** Ahead in the queue. */
  previous: Claim | undefined = undefined
  next: Claim | undefined = undefined

  constructor(waiter: Waiter, resource: Resource) {
    this.waiter = waiter
    this.resource = resource
  }

  abstract readonly mode: LockMode
  /** May be granted now, by holders and place in the queue. */
  abstract isFree(): boolean
  /** Whether those ahead in the queue must go first. */
  abstract queues(): boolean
  /** Whether this hold must be given up, in part or whole, before the claim can be granted. */
  abstract isBlockedBy(hold: ResourceHold): boolean

  /** Those that must go first: back to one that waits for all ahead of it too. */
  *ahead(): Generator<Claim> {
    if (!this.queues()) return
    for (let claim = this.previous; claim !== undefined; claim = claim.previous) {
      yield claim
      if (claim.queues()) return
    }
  }
}

/** A queue of its own order: it says who of those that wait in it may go on now. */
export interface Line {
  /** In the list of lines that must be looked at. */
  touched: boolean
  /** Nobody waits in it. */
  readonly isEmpty: boolean
  nominate(): Waiter | undefined
}

/** A request that waits. Row `w/<order>`; the order is its place in every queue. */
export abstract class Waiter implements Row, Timed {
  readonly timer = 'wait'
  readonly owner: Owner
  readonly order: number
  /** The request's id. */
  readonly id: number
  readonly waitMs: number
  readonly priority: number
  /** Cluster time; Infinity = until canceled. */
  readonly deadlineMs: number
  /** Wall clock, epoch ms. */
  readonly sinceMs: number
  readonly claims: Claim[] = []
  previousOfOwner: Waiter | undefined = undefined
  nextOfOwner: Waiter | undefined = undefined
  heapAt = -1
  /** In the heap of those that may be grantable. */
  isCandidate = false
  /** The search for a deadlock that saw it last, and from where it came. Not replicated. */
  seenBy = 0
  cameFrom: Claim | undefined = undefined
  dirtyAt = -1
  stored = false
  gone = false

  constructor(owner: Owner, fields: WaiterFields) {
    this.owner = owner
    this.order = fields.order
    this.id = fields.id
    this.waitMs = fields.waitMs
    this.priority = fields.priority
    this.deadlineMs = fields.deadlineMs
    this.sinceMs = fields.sinceMs
  }

  /** All claims are free and out of their queues: take them. */
  abstract take(): Result
  /** Why it ended without a grant, with the holders of what blocked it. */
  abstract timeout(): Refusal
  /** Names claimed, for its row. */
  abstract rowClaims(): unknown

  isFree(): boolean {
    for (const claim of this.claims) if (!claim.isFree()) return false
    return true
  }

  /** Content with what any of several can give: a place in lines in place of claims. */
  get hasChoice(): boolean {
    return false
  }

  /**
   * Those of the stuck owners who have what it lacks, if all the others could not give enough. Empty: they
   * could, or it lacks nothing beside its claims.
   */
  lackBecauseOf(_isStuck: (owner: Owner) => boolean): readonly Lack[] {
    return NO_LACK
  }

  /** The refusal of the victim of a deadlock. */
  deadlock(cycle: unknown): Refusal {
    return refuse('deadlock', { cycle })
  }

  /** Takes its places in lines, which are not queues of resources. */
  join(): void {}

  /** Leaves its lines. */
  leave(): void {}

  rowKey(): string {
    return `w/${this.order}`
  }

  rowValue(): WaiterRow {
    return {
      session: this.owner.session.id,
      owner: this.owner.name,
      order: this.order,
      id: this.id,
      waitMs: this.waitMs,
      priority: this.priority,
      deadlineMs: this.waitMs < 0 ? -1 : this.deadlineMs,
      sinceMs: this.sinceMs,
      claims: this.rowClaims(),
    }
  }
}

/** Who has what a waiter lacks, and of which product. */
export interface Lack {
  readonly owner: Owner
  readonly name: string
  readonly product: number
}

const NO_LACK: readonly Lack[] = []

export type WaiterFields = {
  readonly order: number
  readonly id: number
  readonly waitMs: number
  readonly priority: number
  readonly deadlineMs: number
  readonly sinceMs: number
}

/** `deadlineMs` is -1 for a request that waits until canceled. */
export type WaiterRow = WaiterFields & {
  readonly session: number
  readonly owner: string
  readonly claims: unknown
}
