import type { Caller, CallOptions } from './caller.ts'
import type { RequestOf, ResultOf } from './operations.ts'

export type SequenceSpec = NonNullable<RequestOf<'sequence.next'>['spec']>

export interface SequenceOptions {
  readonly company?: string
  readonly branch?: string
  /** For sequences that start again by period; absent = computed by the cluster. */
  readonly period?: string
  /** Defines the sequence if there is none of this name. */
  readonly spec?: SequenceSpec
  /** The largest value in use, without prefix: a counter that does not exist yet starts after it. */
  readonly seedIfAbsent?: string
}

/** A number that was issued for good. `text` is what is printed: prefix and value. */
export interface SequenceNumber {
  readonly value: string
  readonly text: string
  readonly period: string
}

/** A number of a gapless sequence that is this owner's until it is confirmed or rolled back. */
export class Reservation implements SequenceNumber {
  readonly sequence: Sequence
  readonly value: string
  readonly text: string
  readonly period: string
  /** The number was issued before and came back. */
  readonly reissued: boolean
  /** Time to live at the moment of the grant, if it has one of its own. */
  readonly expiresInMs: number | undefined
  readonly #caller: Caller
  #ended: Promise<void> | undefined

  constructor(caller: Caller, sequence: Sequence, result: ResultOf<'sequence.reserve'>) {
    this.#caller = caller
    this.sequence = sequence
    this.value = result.value
    this.text = result.prefix + result.value
    this.period = result.period
    this.reissued = result.reissued
    this.expiresInMs = result.expiresInMs
  }

  /**
   * The number has been used. Calling it again is harmless.
   *
   * @throws RefusedError `reservationLost` if it came too late: the number may be someone else's by now
   */
  confirm(options: CallOptions = {}): Promise<void> {
    return this.#end('sequence.confirm', options)
  }

  /** The number has not been used: it goes to the next one who asks. */
  rollback(options: CallOptions = {}): Promise<void> {
    return this.#end('sequence.rollback', options)
  }

  #end(op: 'sequence.confirm' | 'sequence.rollback', options: CallOptions): Promise<void> {
    const { owner, name, scope } = this.sequence
    this.#ended ??= this.#caller.call(
      { op, owner, name, scope: { ...scope, period: this.period }, value: this.value },
      {},
      () => undefined,
    )
    return this.#caller.within(this.#ended, op, options)
  }
}

/** One owner's view of a sequence and its scope (company, branch, period). */
export class Sequence {
  readonly owner: string
  readonly name: string
  readonly scope: { readonly company: string; readonly branch: string; readonly period?: string }
  readonly #caller: Caller
  readonly #absent: { readonly spec?: SequenceSpec; readonly seedIfAbsent?: string }

  constructor(caller: Caller, owner: string, name: string, options: SequenceOptions) {
    const { company = '', branch = '', period, spec, seedIfAbsent } = options
    this.#caller = caller
    this.owner = owner
    this.name = name
    this.scope = period === undefined ? { company, branch } : { company, branch, period }
    this.#absent = {
      ...(spec === undefined ? {} : { spec }),
      ...(seedIfAbsent === undefined ? {} : { seedIfAbsent }),
    }
  }

  /** The next number of a fast sequence, for good; of a gapless one: {@link reserve} and confirm. */
  next(options: CallOptions = {}): Promise<SequenceNumber> {
    return this.#caller.call(
      {
        op: 'sequence.next',
        owner: this.owner,
        name: this.name,
        scope: this.scope,
        count: 1,
        ...this.#absent,
      },
      options,
      numberOf,
    )
  }

  /** The next `count` numbers of a fast sequence in one step. */
  block(count: number, options: CallOptions = {}): Promise<ResultOf<'sequence.next'>> {
    return this.#caller.call(
      {
        op: 'sequence.next',
        owner: this.owner,
        name: this.name,
        scope: this.scope,
        count,
        ...this.#absent,
      },
      options,
    )
  }

  /** A number of a gapless sequence, to be confirmed or rolled back; numbers that came back go first. */
  reserve(options: CallOptions & { readonly ttlMs?: number } = {}): Promise<Reservation> {
    return this.#caller.call(
      {
        op: 'sequence.reserve',
        owner: this.owner,
        name: this.name,
        scope: this.scope,
        ...(options.ttlMs === undefined ? {} : { ttlMs: options.ttlMs }),
        ...this.#absent,
      },
      options,
      (result) => new Reservation(this.#caller, this, result),
    )
  }

  /** The next number issued will be larger than `value`; what is jumped over becomes one gap record. */
  ensureAtLeast(
    value: string,
    reason: string,
    options: CallOptions = {},
  ): Promise<ResultOf<'sequence.ensureAtLeast'>> {
    const { spec } = this.#absent
    return this.#caller.call(
      {
        op: 'sequence.ensureAtLeast',
        owner: this.owner,
        name: this.name,
        scope: this.scope,
        value,
        ...(spec === undefined ? {} : { spec }),
        reason,
      },
      options,
    )
  }

  /** As {@link ensureAtLeast}, but a value that the counter has passed is refused (`backwards`). */
  set(value: string, reason: string, options: CallOptions = {}): Promise<ResultOf<'sequence.set'>> {
    const { spec } = this.#absent
    return this.#caller.call(
      {
        op: 'sequence.set',
        owner: this.owner,
        name: this.name,
        scope: this.scope,
        value,
        ...(spec === undefined ? {} : { spec }),
        reason,
      },
      options,
    )
  }

  /** Takes free numbers out for good, as a declared gap; `reason` has 15 to 255 characters. */
  gap(from: string, to: string, reason: string, options: CallOptions = {}): Promise<number> {
    return this.#caller.call(
      {
        op: 'sequence.gap',
        owner: this.owner,
        name: this.name,
        scope: this.scope,
        from,
        to,
        reason,
      },
      options,
      (result) => result.count,
    )
  }

  /** Defines the sequence; the same definition again is fine. */
  define(spec: SequenceSpec, options: CallOptions = {}): Promise<boolean> {
    return this.#caller.call(
      { op: 'sequence.define', name: this.name, spec },
      options,
      (result) => result.created,
    )
  }

  /** How it stands: last and next value, free and reserved numbers. */
  get(options: CallOptions = {}): Promise<ResultOf<'sequence.get'>> {
    return this.#caller.call(
      {
        op: 'sequence.get',
        namespace: this.#caller.namespace,
        name: this.name,
        scope: this.scope,
      },
      options,
    )
  }
}

function numberOf(result: ResultOf<'sequence.next'>): SequenceNumber {
  return { value: result.first, text: result.prefix + result.first, period: result.period }
}
