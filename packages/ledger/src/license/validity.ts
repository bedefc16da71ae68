import type { Cause } from '../causes.ts'
import type { Core } from '../core.ts'
import type { Row } from '../rows.ts'
import { DAY_MS, dayAt, dayNumber, dayStartMs, threeMonthsBefore } from './days.ts'
import { Deadline } from './deadline.ts'
import { HOUR_MS } from './hours.ts'
import type { EmergencyKeyBody, LicenseKeyBody } from './key-body.ts'
import type { KeyView, ValidityState, ValidityView } from './reads.ts'

// Validity goes by a calendar of the ledger's own, which never goes back: the largest wall clock that
// leaders have told, and cluster time since then. A wall clock that jumps ahead by more than a day and an
// hour is not believed until a second look, an hour of cluster time later, agrees with it (O11).

const CONTINGENCY_MS = 15 * DAY_MS
export const EMERGENCIES_MAX = 5
const JUMP_MS_MAX = 25 * HOUR_MS
/** How far two looks may differ, and how early the second may come. */
const AGREE_MS = 10 * 60_000
const KEYS_MAX = 500

/** What is kept of a key file: enough to check the vendor's signature again. */
export interface StoredKey {
  /** Canonical JSON. */
  readonly body: string
  /** Absent in rows of older versions. */
  readonly signature?: string | undefined
  readonly keyId?: string | undefined
}

/** A key that was installed. Row `i/<order>`. */
export class KeyRecord implements Row {
  readonly order: number
  readonly view: KeyView
  readonly file: Required<StoredKey>
  dirtyAt = -1
  stored = false
  gone = false

  constructor(order: number, view: KeyView, { body, signature = '', keyId = '' }: StoredKey) {
    this.order = order
    this.view = view
    this.file = { body, signature, keyId }
  }

  rowKey(): string {
    return `i/${this.order}`
  }

  rowValue(): KeyView & Required<StoredKey> {
    return { ...this.view, ...this.file }
  }
}

type Pending = { readonly wallMs: number; readonly timeMs: number }

type ValidityRow = {
  readonly calendarMs: number
  readonly calendarAtMs: number
  readonly pending: Pending | null
  readonly validatedMs: number
  readonly restriction: string
  readonly state: ValidityState
  readonly reason: string
  readonly endMs: number
  readonly deadlineMs: number
}

/** Whether licenses may be given out. Row `v/validity`. */
export class Validity implements Row {
  readonly #core: Core
  readonly #changed: () => void
  readonly keys: KeyRecord[] = []
  key: LicenseKeyBody | undefined = undefined
  emergency: EmergencyKeyBody | undefined = undefined
  #calendarMs = 0
  #calendarAtMs = 0
  #pending: Pending | undefined = undefined
  #validatedMs = 0
  #restriction = ''
  #state: ValidityState = 'unlicensed'
  #reason = ''
  #endMs = 0
  #deadline: Deadline | undefined = undefined
  dirtyAt = -1
  stored = false
  gone = false

  /** `changed` is called when check-outs may succeed that did not before. */
  constructor(core: Core, changed: () => void) {
    this.#core = core
    this.#changed = changed
  }

  get state(): ValidityState {
    return this.#state
  }

  /** Something was told to it, so it has a row. */
  get exists(): boolean {
    return this.#calendarMs !== 0
  }

  /** Why the key failed its check of integrity; '' if it did not. */
  get restriction(): string {
    return this.#restriction
  }

  get deadline(): Deadline | undefined {
    return this.#deadline
  }

  nowMs(): number {
    if (this.#calendarMs === 0) return this.#core.wallMs
    return this.#calendarMs + (this.#core.timeMs - this.#calendarAtMs)
  }

  /** Why nothing is given out, if so. */
  refusal(): Cause | undefined {
    if (this.#state === 'valid' || this.#state === 'contingency' || this.#state === 'emergency')
      return undefined
    return this.#state === 'unlicensed' ? 'notLicensed' : this.#state
  }

  /** A leader's wall clock. True if it is believed. */
  tell(wallMs: number): boolean {
    const core = this.#core
    const now = this.nowMs()
    if (this.#calendarMs === 0 || wallMs <= now + JUMP_MS_MAX) {
      this.#pending = undefined
      this.#set(Math.max(this.#calendarMs === 0 ? wallMs : now, wallMs))
      return true
    }
    const first = this.#pending
    const between = first === undefined ? 0 : core.timeMs - first.timeMs
    const agrees = first !== undefined && Math.abs(wallMs - first.wallMs - between) <= AGREE_MS
    if (agrees && between >= HOUR_MS - AGREE_MS) {
      this.#pending = undefined
      this.#set(wallMs)
      return true
    }
    if (!agrees) this.#pending = { wallMs, timeMs: core.timeMs }
    core.rows.mark(this)
    return false
  }

  #set(calendarMs: number): void {
    this.#calendarMs = calendarMs
    this.#calendarAtMs = this.#core.timeMs
    this.#core.rows.mark(this)
    this.refresh()
  }

  validated(wallMs: number): void {
    this.tell(wallMs)
    this.#validatedMs = Math.max(this.#validatedMs, Math.min(wallMs, this.nowMs()))
    this.#core.rows.mark(this)
    this.refresh()
  }

  restrict(reason: string): void {
    if (this.#calendarMs === 0) this.tell(this.#core.wallMs)
    this.#restriction = reason
    this.#core.rows.mark(this)
    this.refresh()
  }

  /** A key came into force. */
  install(
    body: LicenseKeyBody | EmergencyKeyBody,
    file: StoredKey,
    added: readonly number[],
    removed: readonly number[],
  ): void {
    const core = this.#core
    if (this.#calendarMs === 0) this.tell(core.wallMs)
    const isLicense = body.kind === 'license'
    const view: KeyView = {
      kind: body.kind,
      serial: body.serial,
      installedMs: core.wallMs,
      validFrom: isLicense ? body.validFrom : body.day,
      validUntil: isLicense ? body.validUntil : body.day,
      added,
      removed,
    }
    const record = new KeyRecord(core.nextOrder(), view, file)
    this.keys.push(record)
    core.rows.mark(record)
    while (this.keys.length > KEYS_MAX) {
      const oldest = this.keys.findIndex((key) => !this.#isInForce(key))
      core.rows.remove(this.keys.splice(oldest, 1)[0]!)
    }
    if (isLicense) {
      if (this.key === undefined) this.#validatedMs = this.nowMs()
      this.key = body
      this.#restriction = ''
    } else this.emergency = body
    core.rows.mark(this)
    this.refresh()
  }

  /** The newest license key, and emergency keys of the last three months, which count. */
  #isInForce(record: KeyRecord): boolean {
    if (record.view.kind === 'license') return record.view.serial === this.key?.serial
    return this.recentDays(dayAt(this.nowMs(), 0)).includes(record.view.validFrom)
  }

  /** Days of emergency keys within the three months before `day`. */
  recentDays(day: number): string[] {
    const days: string[] = []
    for (const { view } of this.keys) {
      if (view.kind !== 'emergency') continue
      const text = view.validFrom
      const number = dayNumber(text)!
      if (number <= day && number > quarterBefore(day)) days.push(text)
    }
    return days
  }

  current(): KeyRecord | undefined {
    for (let at = this.keys.length - 1; at >= 0; at -= 1) {
      if (this.keys[at]!.view.kind === 'license') return this.keys[at]
    }
    return undefined
  }

  /** Finds the state again and sets the time at which it may change by itself. */
  refresh(): void {
    const core = this.#core
    const was = this.#state
    const wasReason = this.#reason
    const couldNot = this.refusal() !== undefined
    const nextMs = this.#judge()
    if (this.#deadline !== undefined) core.timers.clear(this.#deadline)
    this.#deadline = undefined
    if (nextMs !== undefined) this.#arm(core.timeMs + Math.min(nextMs - this.nowMs(), DAY_MS))
    if (this.#state === was && this.#reason === wasReason) {
      core.rows.mark(this)
      return
    }
    core.rows.mark(this)
    core.emitReason('license.validity', '', '', 0, '', this.#state, this.#reason)
    if (couldNot && this.refusal() === undefined) this.#changed()
  }

  #arm(deadlineMs: number): void {
    this.#deadline = new Deadline(deadlineMs, 0, () => this.refresh())
    this.#core.timers.set(this.#deadline)
  }

  /** Sets state, reason and end; returns when to look again. */
  #judge(): number | undefined {
    const { key } = this
    if (key === undefined) {
      this.#become('unlicensed', '', 0)
      return undefined
    }
    const now = this.nowMs()
    const fromMs = dayStartMs(key.validFrom, key.utcOffsetMinutes)
    const endMs = dayStartMs(key.validUntil, key.utcOffsetMinutes) + DAY_MS
    const toleratedMs =
      key.toleranceDays < 0 ? Number.POSITIVE_INFINITY : this.#validatedMs + key.toleranceDays * DAY_MS
    if (this.#restriction !== '') this.#become('restricted', this.#restriction, endMs)
    else if (now < fromMs) this.#become('restricted', 'notYet', endMs)
    else if (now >= endMs) this.#become('expired', 'ended', endMs)
    else if (now >= endMs - CONTINGENCY_MS) this.#become('contingency', 'endsSoon', endMs)
    else if (now >= toleratedMs) this.#become('contingency', 'notValidated', endMs)
    else this.#become('valid', '', endMs)
    const moments = [fromMs, endMs - CONTINGENCY_MS, endMs, toleratedMs]
    const { emergency } = this
    if (emergency !== undefined) {
      const dayMs = dayStartMs(emergency.day, emergency.utcOffsetMinutes)
      const isUseless = this.#state === 'valid' || this.#state === 'contingency'
      if (!isUseless && now >= dayMs && now < dayMs + DAY_MS)
        this.#become('emergency', emergency.day, dayMs + DAY_MS)
      moments.push(dayMs, dayMs + DAY_MS)
    }
    let next: number | undefined
    for (const moment of moments) {
      if (moment > now && Number.isFinite(moment) && (next === undefined || moment < next)) next = moment
    }
    return next
  }

  #become(state: ValidityState, reason: string, endMs: number): void {
    this.#state = state
    this.#reason = reason
    this.#endMs = endMs
  }

  view(): ValidityView {
    const { key } = this
    return {
      state: this.#state,
      reason: this.#reason,
      restriction: this.#restriction,
      endMs: this.#endMs,
      calendarMs: this.#calendarMs === 0 ? 0 : this.nowMs(),
      validatedMs: this.#validatedMs,
      serial: key?.serial ?? 0,
      customer: key?.customer ?? '',
      installationId: key?.installationId ?? '',
      validFrom: key?.validFrom ?? '',
      validUntil: key?.validUntil ?? '',
      emergencies: key === undefined ? [] : this.recentDays(dayAt(this.nowMs(), key.utcOffsetMinutes)),
    }
  }

  rowKey(): string {
    return 'v/validity'
  }

  rowValue(): ValidityRow {
    return {
      calendarMs: this.#calendarMs,
      calendarAtMs: this.#calendarAtMs,
      pending: this.#pending ?? null,
      validatedMs: this.#validatedMs,
      restriction: this.#restriction,
      state: this.#state,
      reason: this.#reason,
      endMs: this.#endMs,
      deadlineMs: this.#deadline === undefined ? -1 : this.#deadline.deadlineMs,
    }
  }

  /** After the keys, which come in the order of their numbers. */
  restore(value: unknown): void {
    const row = value as ValidityRow
    this.#calendarMs = row.calendarMs
    this.#calendarAtMs = row.calendarAtMs
    this.#pending = row.pending ?? undefined
    this.#validatedMs = row.validatedMs
    this.#restriction = row.restriction
    this.#state = row.state
    this.#reason = row.reason
    this.#endMs = row.endMs
    if (row.deadlineMs >= 0) this.#arm(row.deadlineMs)
    this.stored = true
  }

  restoreKey(record: KeyRecord, body: LicenseKeyBody | EmergencyKeyBody): void {
    record.stored = true
    this.keys.push(record)
    if (body.kind === 'license') this.key = body
    else this.emergency = body
  }
}

/** A day number, three months before another. */
function quarterBefore(day: number): number {
  return threeMonthsBefore(dayText(day))
}

/** The day of a day number, by looking for it: only a few candidates. */
function dayText(day: number): string {
  let year = 1970 + Math.floor(day / 366)
  while (dayNumber(`${String(year + 1).padStart(4, '0')}-01-01`)! <= day) year += 1
  const pad = (value: number): string => String(value).padStart(2, '0')
  let month = 12
  while (dayNumber(`${String(year).padStart(4, '0')}-${pad(month)}-01`)! > day) month -= 1
  const text = `${String(year).padStart(4, '0')}-${pad(month)}-`
  return `${text}${pad(day - dayNumber(`${text}01`)! + 1)}`
}
