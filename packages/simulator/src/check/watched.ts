import { isDeepStrictEqual } from 'node:util'
import type { LedgerEvent } from '@tranca/ledger'
import type { Checker, Complain, Step, Who } from './checker.ts'

export interface Filter {
  readonly namespace: string
  readonly prefix: string
  /** Empty: all. */
  readonly kinds: readonly string[]
}

/** An event as a client was told of it. */
export type Told = Pick<LedgerEvent, 'revision'>

/**
 * A watch misses nothing from where it began, or says so (O23): what it tells are the events that the cluster
 * emitted and it asked for, each once and in order, whoever led meanwhile.
 */
export class Watched implements Checker {
  readonly name = 'watched'
  readonly #complain: Complain
  /** In order. What founding a cluster emitted is not there. */
  readonly #events: LedgerEvent[] = []

  constructor(complain: Complain) {
    this.#complain = complain
  }

  happened(_who: Who, { log }: Step): void {
    for (const one of log) if (one.kind === 'event') this.#events.push(one.event)
  }

  /** Revision of the last event that was emitted. */
  get latest(): number {
    return this.#events.at(-1)?.revision ?? 0
  }

  /** Begins to follow a watch. Until it is known where it begins, nothing can be missed. */
  follow(name: string, filter: Filter): Watching {
    return new Watching(this.#events, filter, (reason) => this.#complain(`${name}: ${reason}`))
  }
}

/** What one watch has told so far. */
export class Watching {
  readonly #events: readonly LedgerEvent[]
  readonly #filter: Filter
  readonly #complain: Complain
  /** Where the next event is looked for; undefined: any may come first. */
  #at: number | undefined
  /** It may begin earlier. */
  #isLoose = false
  /** Where the watch itself goes on from. */
  #from: number | undefined

  constructor(events: readonly LedgerEvent[], filter: Filter, complain: Complain) {
    this.#events = events
    this.#filter = filter
    this.#complain = complain
  }

  /** Nothing before this revision is told, and all from it on. */
  startsAt(revision: number): void {
    this.#at = this.#positionOf(revision)
    this.#from = revision
  }

  /** It begins here, or some events before. */
  startsBy(revision: number): void {
    this.startsAt(revision)
    this.#from = undefined
    this.#isLoose = true
  }

  /** The first revision that has not been looked at yet. */
  get nextRevision(): number | undefined {
    const first = this.#events[0]
    return this.#at === undefined || first === undefined ? undefined : first.revision + this.#at
  }

  told(change: Told): void {
    const at = this.#positionOf(change.revision)
    const event = this.#events[at]
    if (event?.revision !== change.revision)
      return this.#complain(`told of event ${change.revision}, which nobody emitted`)
    if (!isSame(event, change) || !this.#isWanted(event))
      return this.#complain(`told of ${JSON.stringify(change)}, asked for ${JSON.stringify(this.#filter)}`)
    if (this.#at !== undefined) {
      if (at < this.#at && !this.#isLoose)
        return this.#complain(`told of event ${change.revision} after a later one`)
      const missed = this.#next(at)
      if (missed !== undefined)
        return this.#complain(`told of event ${change.revision}, and never of ${missed.revision}`)
    }
    this.#at = at + 1
    this.#from = change.revision + 1
    this.#isLoose = false
  }

  /** An event that it must still tell. */
  get due(): LedgerEvent | undefined {
    return this.#next(this.#events.length)
  }

  /** It says that it cannot go on from where it was: the oldest that can be had is later. */
  compacted(oldest: number | undefined): void {
    const from = this.#from
    if (from !== undefined && oldest !== undefined && oldest <= from)
      this.#complain(`gives up at ${from}, and ${oldest} is still there`)
  }

  #next(until: number): LedgerEvent | undefined {
    if (this.#at === undefined) return undefined
    for (let at = this.#at; at < until; at++) {
      const event = this.#events[at]!
      if (this.#isWanted(event)) return event
      this.#at = at + 1
    }
    return undefined
  }

  #isWanted({ namespace, name, kind }: LedgerEvent): boolean {
    const { prefix, kinds } = this.#filter
    return (
      namespace === this.#filter.namespace &&
      name.startsWith(prefix) &&
      (kinds.length === 0 || kinds.includes(kind))
    )
  }

  /** Revisions grow by one. */
  #positionOf(revision: number): number {
    return Math.max(0, revision - (this.#events[0]?.revision ?? revision))
  }
}

function isSame(event: LedgerEvent, told: Told): boolean {
  return isDeepStrictEqual(plain(event), plain(told))
}

/** Without fields that are not there. */
function plain(event: object): object {
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined))
}
