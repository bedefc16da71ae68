import type { SequenceSpec } from '../commands.ts'
import type { Core } from '../core.ts'
import { Holding, type Owner } from '../graph.ts'
import type { GapRecord } from '../reads.ts'
import type { Row } from '../rows.ts'
import type { Timed } from '../timers.ts'
import { valueWithAfter } from './digits.ts'
import { FreeNumbers } from './free-numbers.ts'
import { copySpec } from './spec.ts'

/** A named sequence: its form, and a counter for each scope. Row `q/<namespace>\0<name>`. */
export class Sequence implements Row {
  readonly key: string
  spec: SequenceSpec
  /** By `company \0 branch \0 period`. */
  readonly counters = new Map<string, Counter>()
  /** Passing this value leaves fewer than `warnBelow` values; '' = off, or passed from the start. */
  lowAfter: string
  dirtyAt = -1
  stored = false
  gone = false

  constructor(key: string, spec: SequenceSpec) {
    this.key = key
    this.spec = copySpec(spec)
    this.lowAfter = lowAfter(spec)
  }

  redefine(spec: SequenceSpec): void {
    this.spec = copySpec(spec)
    this.lowAfter = lowAfter(spec)
  }

  rowKey(): string {
    return `q/${this.key}`
  }

  rowValue(): SequenceSpec {
    return copySpec(this.spec)
  }
}

function lowAfter({ warnBelow, width, digits }: SequenceSpec): string {
  return warnBelow === 0 ? '' : valueWithAfter(BigInt(warnBelow), width, digits)
}

/**
 * The numbers of one scope. Row `c/<key>`.
 * Invariant: each number up to `last` was issued or explained: it is reserved, or free, or in the gap
 * ledger, or was in use before the counter began, or else is confirmed. Confirmed numbers need no memory.
 */
export class Counter implements Row {
  readonly sequence: Sequence
  /** `company \0 branch \0 period`. */
  readonly scopeKey: string
  /** `namespace \0 name \0 company \0 branch \0 period`. */
  readonly key: string
  /** The largest number issued or jumped over. */
  last: string
  readonly free: FreeNumbers
  readonly reserved = new Map<string, Reservation>()
  readonly gaps: Gap[] = []
  dirtyAt = -1
  stored = false
  gone = false

  constructor(core: Core, sequence: Sequence, scopeKey: string, last: string) {
    this.sequence = sequence
    this.scopeKey = scopeKey
    this.key = `${sequence.key}\0${scopeKey}`
    this.last = last
    this.free = new FreeNumbers(core, this.key, sequence.spec.digits)
  }

  rowKey(): string {
    return `c/${this.key}`
  }

  rowValue(): { readonly last: string } {
    return { last: this.last }
  }
}

/** A number held until it is confirmed or rolled back. Row `r/<order>`. */
export class Reservation extends Holding implements Row, Timed {
  readonly timer = 'reservation'
  readonly counter: Counter
  readonly value: string
  /** Cluster time; -1 = as long as its owner. */
  readonly deadlineMs: number
  heapAt = -1
  dirtyAt = -1
  stored = false
  gone = false

  constructor(owner: Owner, order: number, counter: Counter, value: string, deadlineMs: number) {
    super(owner, order)
    this.counter = counter
    this.value = value
    this.deadlineMs = deadlineMs
  }

  get kind(): 'reservation' {
    return 'reservation'
  }

  rowKey(): string {
    return `r/${this.order}`
  }

  rowValue(): ReservationRow {
    return {
      counter: this.counter.key,
      value: this.value,
      session: this.owner.session.id,
      owner: this.owner.name,
      deadlineMs: this.deadlineMs,
    }
  }
}

export type ReservationRow = {
  readonly counter: string
  readonly value: string
  readonly session: number
  readonly owner: string
  readonly deadlineMs: number
}

/** An entry of the gap ledger. Row `g/<counter>\0<id>`; never removed. */
export class Gap implements Row {
  readonly counterKey: string
  readonly id: number
  readonly record: GapRecord
  dirtyAt = -1
  stored = false
  gone = false

  constructor(counterKey: string, id: number, record: GapRecord) {
    this.counterKey = counterKey
    this.id = id
    this.record = record
  }

  rowKey(): string {
    return `g/${this.counterKey}\0${this.id}`
  }

  rowValue(): GapRecord {
    return this.record
  }
}
