import type { Clock } from '../environment/clock.ts'

interface Kept {
  generation: number
  ttlMs: number
  heardMs: number
  /** An expiry has been proposed and not yet been applied. */
  proposed: boolean
}

/**
 * The leader's memory of who spoke when (docs/architecture.md, "Time"). Nothing of it is replicated:
 * a new leader starts with everybody just heard, which gives each session its full TTL (O2).
 */
export class SessionKeeper {
  readonly #clock: Clock
  readonly #sessions = new Map<number, Kept>()
  /** Before that nobody can have been silent for too long: who is heard meanwhile only has more time. */
  #dueMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get count(): number {
    return this.#sessions.size
  }

  /** A term begins: all sessions of the ledger, each as if it had spoken now. */
  start(sessions: Iterable<{ session: number; generation: number; ttlMs: number }>): void {
    this.stop()
    for (const one of sessions) this.opened(one)
  }

  stop(): void {
    this.#sessions.clear()
    this.#dueMs = Number.POSITIVE_INFINITY
  }

  /** A session was opened or resumed: it has spoken now, under this generation. */
  opened(one: { session: number; generation: number; ttlMs: number }): void {
    const heardMs = this.#clock.nowMs()
    this.#sessions.set(one.session, {
      generation: one.generation,
      ttlMs: one.ttlMs,
      heardMs,
      proposed: false,
    })
    this.#dueMs = Math.min(this.#dueMs, heardMs + one.ttlMs)
  }

  heard(session: number): void {
    const kept = this.#sessions.get(session)
    if (kept) kept.heardMs = this.#clock.nowMs()
  }

  closed(session: number): void {
    this.#sessions.delete(session)
  }

  /** The process stood still for `ms`: silence in that time was ours, not theirs (O1). */
  forgive(ms: number): void {
    for (const kept of this.#sessions.values()) kept.heardMs += ms
  }

  /** Sessions silent for longer than their TTL, each named once until it is heard again. */
  expired(): { session: number; generation: number }[] {
    const now = this.#clock.nowMs()
    const silent: { session: number; generation: number }[] = []
    if (now <= this.#dueMs) return silent
    this.#dueMs = Number.POSITIVE_INFINITY
    for (const [session, kept] of this.#sessions) {
      if (kept.proposed) continue
      const dueMs = kept.heardMs + kept.ttlMs
      if (now <= dueMs) {
        this.#dueMs = Math.min(this.#dueMs, dueMs)
        continue
      }
      kept.proposed = true
      silent.push({ session, generation: kept.generation })
    }
    return silent
  }
}
