import { strict as assert } from 'node:assert'
import type { Stamp } from './commands.ts'
import type { EventKind, LedgerEvent } from './events.ts'
import type { Limits } from './limits.ts'
import type { Result } from './result.ts'
import { type Row, Rows } from './rows.ts'
import { Timers } from './timers.ts'

/** Where answers of waiting requests and events go, while a command is applied. */
export interface Sink {
  /** The answer of a request that was waiting. */
  answer(session: number, id: number, result: Result): void
  event(event: LedgerEvent): void
}

type GlobalsRow = {
  readonly timeMs: number
  readonly wallMs: number
  readonly index: number
  readonly term: number
  readonly revision: number
  readonly token: number
  readonly order: number
  readonly session: number
  readonly memberId: number
}

/**
 * What all parts of the ledger share: time, the counters that never go back, changed rows, timers and
 * events. It is itself the row `x`.
 */
export class Core implements Row {
  readonly limits: Limits
  readonly sink: Sink
  readonly rows = new Rows()
  readonly timers = new Timers()
  timeMs = 0
  wallMs = 0
  index = 0
  /** The term of the last `leader.start`. */
  term = 0
  revision = 0
  /** Last fencing token given out, of the whole ledger. */
  token = 0
  /** Last order number: of holdings, waiters and timers. */
  order = 0
  /** Last session number. */
  session = 0
  /** Largest id that a member ever had: ids are not used again. */
  memberId = 0
  #sharedToken = 0
  dirtyAt = -1
  stored = false
  gone = false

  constructor(sink: Sink, limits: Limits) {
    this.sink = sink
    this.limits = limits
  }

  advance(stamp: Stamp): void {
    assert(
      stamp.index > this.index,
      `entry ${stamp.index} applied after entry ${this.index}: each is applied once`,
    )
    this.index = stamp.index
    if (stamp.timeMs > this.timeMs) this.timeMs = stamp.timeMs
    this.wallMs = stamp.wallMs
    this.rows.mark(this)
  }

  nextToken(): number {
    if (this.#sharedToken > 0) return this.#sharedToken
    this.token += 1
    return this.token
  }

  /** All that is granted by `step` gets one token. */
  withOneToken<T>(step: (token: number) => T): T {
    this.#sharedToken = this.nextToken()
    try {
      return step(this.#sharedToken)
    } finally {
      this.#sharedToken = 0
    }
  }

  nextOrder(): number {
    this.order += 1
    return this.order
  }

  // Each of them makes objects of one shape.

  emit(kind: EventKind, namespace: string, name: string, session: number, owner: string): void {
    this.revision += 1
    this.sink.event({ revision: this.revision, kind, namespace, name, session, owner })
  }

  emitToken(
    kind: EventKind,
    namespace: string,
    name: string,
    session: number,
    owner: string,
    token: number,
  ): void {
    this.revision += 1
    this.sink.event({ revision: this.revision, kind, namespace, name, session, owner, token })
  }

  emitValue(
    kind: EventKind,
    namespace: string,
    name: string,
    session: number,
    owner: string,
    value: string,
  ): void {
    this.revision += 1
    this.sink.event({ revision: this.revision, kind, namespace, name, session, owner, value })
  }

  emitReason(
    kind: EventKind,
    namespace: string,
    name: string,
    session: number,
    owner: string,
    value: string,
    reason: string,
  ): void {
    this.revision += 1
    this.sink.event({ revision: this.revision, kind, namespace, name, session, owner, value, reason })
  }

  /** `units` that changed: more or fewer in use. */
  emitLicense(
    kind: EventKind,
    namespace: string,
    name: string,
    session: number,
    owner: string,
    token: number,
    units: number,
    reason: string,
  ): void {
    this.revision += 1
    const value = String(units)
    this.sink.event({ revision: this.revision, kind, namespace, name, session, owner, token, value, reason })
  }

  rowKey(): string {
    return 'x'
  }

  rowValue(): GlobalsRow {
    return {
      timeMs: this.timeMs,
      wallMs: this.wallMs,
      index: this.index,
      term: this.term,
      revision: this.revision,
      token: this.token,
      order: this.order,
      session: this.session,
      memberId: this.memberId,
    }
  }

  restore(value: unknown): void {
    const row = value as GlobalsRow
    this.timeMs = row.timeMs
    this.wallMs = row.wallMs
    this.index = row.index
    this.term = row.term
    this.revision = row.revision
    this.token = row.token
    this.order = row.order
    this.session = row.session
    this.memberId = row.memberId
    this.stored = true
  }
}
