import { limits } from '../limits.ts'

/** What a watch needs of an event of the ledger. */
export interface WatchedEvent {
  readonly revision: number
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

export interface WatchFilter {
  readonly namespace: string
  readonly prefix: string
  /** Absent: all kinds. */
  readonly kinds?: readonly string[]
}

export type WatchStart =
  | { readonly ok: true; readonly stop: () => void }
  | { readonly ok: false; readonly oldest: number }

interface Watch<E> {
  readonly filter: WatchFilter
  readonly kinds: ReadonlySet<string> | undefined
  readonly deliver: (event: E) => void
}

/**
 * The latest events of the ledger, and who watches them. Each member applies the same log and so
 * has the same events under the same revisions: a watch resumes on another member without a miss,
 * or is told the oldest revision that this one still has (O23).
 */
export class WatchHub<E extends WatchedEvent> {
  readonly #capacity: number
  /** Revisions are contiguous: event r stands at r % capacity. */
  readonly #ring: (E | undefined)[] = []
  readonly #watches = new Set<Watch<E>>()
  #oldest: number
  #latest: number

  /** `revision`: the ledger's at the time the hub begins to listen; earlier events are unknown here. */
  constructor(revision: number, capacity: number = limits.watchEventsMax) {
    this.#capacity = capacity
    this.#latest = revision
    this.#oldest = revision + 1
  }

  get latest(): number {
    return this.#latest
  }

  get oldest(): number {
    return this.#oldest
  }

  get watchCount(): number {
    return this.#watches.size
  }

  publish(event: E): void {
    this.#ring[event.revision % this.#capacity] = event
    this.#latest = event.revision
    if (this.#latest - this.#oldest >= this.#capacity) this.#oldest = this.#latest - this.#capacity + 1
    for (const watch of this.#watches) if (matches(watch, event)) watch.deliver(event)
  }

  /** The ledger was replaced by a snapshot: what lies between is not known here. */
  reset(revision: number): void {
    this.#ring.length = 0
    this.#latest = revision
    this.#oldest = revision + 1
  }

  /**
   * Delivers every matching event after `afterRevision`, then those to come.
   * Absent: only those to come. Refused if an event in between is no longer here.
   */
  start(filter: WatchFilter, afterRevision: number | undefined, deliver: (event: E) => void): WatchStart {
    const from = afterRevision === undefined ? this.#latest + 1 : afterRevision + 1
    if (from < this.#oldest) return { ok: false, oldest: this.#oldest }
    const watch: Watch<E> = {
      filter,
      kinds: filter.kinds && filter.kinds.length > 0 ? new Set(filter.kinds) : undefined,
      deliver,
    }
    for (let revision = from; revision <= this.#latest; revision++) {
      const event = this.#ring[revision % this.#capacity]!
      if (matches(watch, event)) deliver(event)
    }
    this.#watches.add(watch)
    return { ok: true, stop: () => this.#watches.delete(watch) }
  }
}

function matches<E extends WatchedEvent>(watch: Watch<E>, event: E): boolean {
  return (
    event.namespace === watch.filter.namespace &&
    event.name.startsWith(watch.filter.prefix) &&
    (watch.kinds === undefined || watch.kinds.has(event.kind))
  )
}
