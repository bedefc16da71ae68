import type { ValidityView } from '@tranca/ledger'
import type { UsageDay, ValidationRequest } from '@tranca/license-key'
import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import type { Cancel, Clock } from '../environment/clock.ts'
import type { Fetch } from '../environment/fetch.ts'
import { type ReadAnswer, readAnswer, type ValidationFailure } from '../licenses/validation-desk.ts'
import { limits } from '../limits.ts'
import type { Replica } from '../replica/replica.ts'

export type ValidationConfig = NonNullable<NonNullable<Config['license']>['validation']>

export interface ValidationOptions {
  readonly config: ValidationConfig
  readonly cluster: string
  readonly publicKeyPem: string
  readonly replica: Pick<Replica, 'isServing' | 'proposeInternal'>
  readonly validity: () => ValidityView
  /** What was used on the days since the last validation; asked for if the configuration sends it. */
  readonly usage: (since: ValidityView) => readonly UsageDay[]
  readonly clock: Clock
  readonly fetch: Fetch
  /** Never the same twice; letters and digits. */
  readonly nonce: () => string
  readonly logger: Logger
  readonly ended: (result: 'validated' | ValidationFailure) => void
}

/** How often the leader looks whether it is time. */
const LOOK_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/**
 * Asks the vendor once a day whether the installed key is good (domain section 3): outbound only, by the leader
 * only. When it was validated last is in the ledger, so a new leader does not begin anew; a failure changes
 * nothing but the log: the ledger counts the days by itself.
 */
export class LicenseValidation {
  readonly #options: ValidationOptions
  /** The key whose validation this node has seen in the log: another one is asked about at once. */
  #validatedSerial = 0
  #askedSerial = 0
  #lookMs = Number.NEGATIVE_INFINITY
  #retryMs = Number.NEGATIVE_INFINITY
  #asking: Cancel | undefined = undefined

  constructor(options: ValidationOptions) {
    this.#options = options
  }

  tick(): void {
    const { clock, config, replica, validity } = this.#options
    if (this.#asking !== undefined || !replica.isServing) return
    const now = clock.nowMs()
    if (now - this.#lookMs < LOOK_MS) return
    this.#lookMs = now
    const { serial, calendarMs, validatedMs } = validity()
    if (serial === 0) return
    const isValidated =
      serial === this.#validatedSerial && calendarMs - validatedMs < config.everyHours * HOUR_MS
    if (isValidated || (serial === this.#askedSerial && now < this.#retryMs)) return
    this.#askedSerial = serial
    this.#ask()
  }

  /** A validation was written to the log, by whatever leader. */
  applied(): void {
    this.#validatedSerial = this.#options.validity().serial
  }

  /** Nothing is asked or answered any more. */
  stop(): void {
    this.#asking?.()
  }

  #ask(): void {
    const { clock, cluster, config, fetch, nonce, publicKeyPem, usage, validity } = this.#options
    const view = validity()
    const { installationId, serial } = view
    const asked = { installationId, serial, cluster, nonce: nonce() }
    const request: ValidationRequest = config.sendUsage ? { ...asked, usage: usage(view) } : asked
    const abort = new AbortController()
    // The first of answer, time-out and stop counts; a fetch that ends later is not heard.
    const end = (result: ReadAnswer | undefined): void => {
      if (this.#asking === undefined || abort.signal.aborted) return
      cancelTimer()
      abort.abort()
      this.#asking = undefined
      if (result !== undefined) this.#ended(request, result)
    }
    const cancelTimer = clock.after(config.timeoutMs, () =>
      end({ ok: false, cause: 'timeout', reason: `${config.timeoutMs} ms` }),
    )
    this.#asking = () => end(undefined)
    const { signal } = abort
    fetch(config.url, {
      body: JSON.stringify(request),
      sizeMax: limits.validationAnswerSizeMax,
      signal,
    }).then(
      (answer) => end(readAnswer(answer, request, publicKeyPem)),
      (error: unknown) => end({ ok: false, cause: 'unreachable', reason: codeOf(error) }),
    )
  }

  #ended(request: ValidationRequest, result: ReadAnswer): void {
    const { clock, config, ended, logger, replica, validity } = this.#options
    this.#retryMs = clock.nowMs() + config.retryMinutes * MINUTE_MS
    const { serial, calendarMs, validatedMs, state } = validity()
    if (!result.ok) {
      const { cause, reason } = result
      const days = Math.floor((calendarMs - validatedMs) / (24 * HOUR_MS))
      const { retryMinutes } = config
      logger.warn(
        { cause, reason, serial: request.serial, days, state, retryMinutes },
        'license not validated',
      )
      ended(cause)
      return
    }
    logger.info({ serial: request.serial }, 'license validated online')
    ended('validated')
    // Another leader asks for itself, and another key was not asked about. The ledger's own calendar counts
    // the days: the wall clock of this machine has no say in them.
    if (replica.isServing && serial === request.serial) {
      replica.proposeInternal({ op: 'license.validated', wallMs: calendarMs })
    }
  }
}

/** A short code: messages may quote the address. */
function codeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown }
  for (const each of [cause, error]) {
    const code = (each as { code?: unknown } | undefined)?.code
    if (typeof code === 'string') return code
  }
  return error instanceof Error ? error.name : 'unknown'
}
