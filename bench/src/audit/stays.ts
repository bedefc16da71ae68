import { type Call, type Client, doneAs, nameOf } from '../record/history.ts'
import type { Scope } from '../record/operation.ts'
import type { Findings } from './finding.ts'
import { sequenceKey } from './state.ts'

/**
 * One stay of a gapless number with one user: surely from the answer that gave it (`by`) to the call that may
 * have ended it, or for ever once it is confirmed.
 */
export interface Stay {
  readonly value: string
  readonly by: Call
  toMs: number
  confirmed: Call | undefined
  /** A confirmation was sent, and nobody knows what became of it. */
  maybeConfirmed: boolean
}

/** What clients saw of one gapless sequence. */
export interface Book {
  readonly stays: Map<string, Stay[]>
  /** Ends of declared gaps, with the call that declared them. */
  readonly declared: Map<string, Call>
  /** The largest values in use that callers named, in case there was no counter yet. */
  readonly seeds: Set<string>
  /** `sequence.next` calls without an answer: each may have settled a number that nobody saw. */
  unseen: number
}

export function newBook(): Book {
  return { stays: new Map(), declared: new Map(), seeds: new Set(), unseen: 0 }
}

/** The numbers that each user holds while its calls are walked through. */
class Holders {
  readonly #clients = new Map<Client, Map<string, Map<string, Stay>>>()

  of(client: Client, owner: string): Map<string, Stay> {
    let owners = this.#clients.get(client)
    if (owners === undefined) {
      owners = new Map()
      this.#clients.set(client, owners)
    }
    let mine = owners.get(owner)
    if (mine === undefined) {
      mine = new Map()
      owners.set(owner, mine)
    }
    return mine
  }

  endAll(): void {
    for (const [client, owners] of this.#clients) {
      if (client.endedMs === undefined) continue
      for (const mine of owners.values()) {
        for (const stay of mine.values()) stay.toMs = Math.min(stay.toMs, client.endedMs)
      }
    }
  }
}

/**
 * Walks through the calls in order and writes one book per sequence and scope.
 *
 * @param isGapless whether the cluster describes the sequence of this key as a gapless one
 * @param twice gets the reservations that ended although nobody ended them
 */
export function booksOf(
  calls: readonly Call[],
  isGapless: (key: string) => boolean,
  twice: Findings,
): Map<string, Book> {
  const books = new Map<string, Book>()
  const holders = new Holders()
  const bookOf = (key: string): Book => {
    let book = books.get(key)
    if (book === undefined) {
      book = newBook()
      books.set(key, book)
    }
    return book
  }
  const issue = (key: string, stay: Stay, seed: string | undefined): void => {
    const book = bookOf(key)
    if (seed !== undefined) book.seeds.add(seed)
    const list = book.stays.get(stay.value)
    if (list === undefined) book.stays.set(stay.value, [stay])
    else list.push(stay)
  }

  for (const call of calls) {
    const { request, client, callMs } = call
    switch (request.op) {
      case 'sequence.reserve': {
        const done = doneAs(call, 'sequence.reserve')
        if (done === undefined) break
        const { value, period, expiresInMs } = done.result
        const key = keyWith(request.name, request.scope, period)
        // A time to live runs from the grant, which was not before the call.
        const toMs = expiresInMs === undefined ? Number.POSITIVE_INFINITY : callMs + expiresInMs
        const stay: Stay = { value, by: call, toMs, confirmed: undefined, maybeConfirmed: false }
        holders.of(client, request.owner).set(`${key}|${value}`, stay)
        issue(key, stay, request.seedIfAbsent)
        break
      }
      case 'sequence.next': {
        const done = doneAs(call, 'sequence.next')
        const key = keyWith(request.name, request.scope, done?.result.period ?? request.scope.period ?? '')
        if (!isGapless(key)) break
        if (done !== undefined) {
          const { first: value } = done.result
          const toMs = Number.POSITIVE_INFINITY
          issue(key, { value, by: call, toMs, confirmed: call, maybeConfirmed: false }, request.seedIfAbsent)
        } else if (call.outcome.status !== 'refused') bookOf(key).unseen += request.count
        break
      }
      case 'sequence.confirm':
      case 'sequence.rollback': {
        const key = sequenceKey(request.name, request.scope)
        const mine = holders.of(client, request.owner)
        const stay = mine.get(`${key}|${request.value}`)
        if (stay === undefined) break
        mine.delete(`${key}|${request.value}`)
        const { status } = call.outcome
        if (status === 'refused' && call.returnMs < stay.toMs) {
          twice.add(
            `number ${request.value} of ${key}: ${nameOf(call)} had it, yet ${request.op} was refused`,
          )
        }
        if (request.op === 'sequence.confirm' && status === 'ok') {
          stay.confirmed = call
          stay.toMs = Number.POSITIVE_INFINITY
        } else {
          stay.toMs = Math.min(stay.toMs, callMs)
          stay.maybeConfirmed = request.op === 'sequence.confirm' && status !== 'refused'
        }
        break
      }
      case 'sequence.gap': {
        if (doneAs(call, 'sequence.gap') === undefined) break
        const { declared } = bookOf(sequenceKey(request.name, request.scope))
        declared.set(request.from, call)
        declared.set(request.to, call)
        break
      }
      case 'owner.release': {
        const mine = holders.of(client, request.owner)
        for (const stay of mine.values()) stay.toMs = Math.min(stay.toMs, callMs)
        mine.clear()
        break
      }
      default:
        break
    }
  }
  holders.endAll()
  return books
}

/** A number is with one user at a time, and with nobody else once it is confirmed or declared a gap. */
export function auditStays(key: string, book: Book, twice: Findings): number {
  let count = 0
  for (const [value, stays] of book.stays) {
    count += stays.length
    stays.sort((a, b) => a.by.returnMs - b.by.returnMs)
    const declared = book.declared.get(value)
    let longest: Stay | undefined
    for (const stay of stays) {
      const sure = stay.toMs > stay.by.returnMs
      if (longest !== undefined) {
        const again = longest.confirmed !== undefined && stay.by.callMs > longest.confirmed.returnMs
        if (longest.confirmed !== undefined && (again || sure)) {
          twice.add(
            `number ${value} of ${key}: confirmed by ${nameOf(longest.by)}, and issued to ${nameOf(stay.by)} too`,
          )
        } else if (sure && longest.toMs > stay.by.returnMs) {
          twice.add(
            `number ${value} of ${key}: with ${nameOf(longest.by)} and ${nameOf(stay.by)} at the same time`,
          )
        }
      }
      if (declared !== undefined && stay.by.callMs > declared.returnMs) {
        twice.add(`number ${value} of ${key}: declared as a gap, then issued to ${nameOf(stay.by)}`)
      }
      if (sure && (longest === undefined || stay.toMs > longest.toMs)) longest = stay
    }
  }
  return count
}

function keyWith(name: string, scope: Scope, period: string): string {
  return sequenceKey(name, { company: scope.company, branch: scope.branch, period })
}
