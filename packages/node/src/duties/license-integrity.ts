import type { Ledger, ReadValues } from '@tranca/ledger'
import type { Logger } from 'pino'
import type { Clock } from '../environment/clock.ts'
import { keyComplaint } from '../licenses/key-integrity.ts'
import type { Vendor } from '../licenses/vendor-key.ts'
import type { Replica } from '../replica/replica.ts'

const CHECK_MS = 24 * 3_600_000

/**
 * Checks the stored license key against the vendor's signature when a leader begins to serve and daily (domain
 * section 3). What fails restricts the licenses until a good key is installed; a check that passes again, as after
 * a mistake in the configuration was put right, lifts it.
 */
export class LicenseIntegrity {
  readonly #replica: Pick<Replica, 'isServing' | 'leadership' | 'proposeInternal'>
  readonly #ledger: () => Pick<Ledger, 'query'>
  readonly #vendor: Vendor
  readonly #clock: Clock
  readonly #logger: Logger
  #term = -1
  #checkedMs = 0

  constructor(options: {
    replica: Pick<Replica, 'isServing' | 'leadership' | 'proposeInternal'>
    ledger: () => Pick<Ledger, 'query'>
    vendor: Vendor
    clock: Clock
    logger: Logger
  }) {
    this.#replica = options.replica
    this.#ledger = options.ledger
    this.#vendor = options.vendor
    this.#clock = options.clock
    this.#logger = options.logger
  }

  tick(): void {
    if (!this.#replica.isServing) return
    const { term } = this.#replica.leadership
    const now = this.#clock.nowMs()
    if (term === this.#term && now - this.#checkedMs < CHECK_MS) return
    this.#term = term
    this.#checkedMs = now
    this.#check()
  }

  #check(): void {
    const answer = this.#ledger().query({ op: 'key.show' })
    if (!answer.ok) throw new Error(`a read of the ledger was refused: ${answer.cause}`)
    const shown = answer.value as ReadValues['key.show']
    const { serial, validity } = shown
    if (serial === 0) return
    const reason = keyComplaint(shown, this.#vendor)
    if (reason !== '') this.#logger.error({ serial, reason }, 'the stored license key fails its check')
    if (reason !== validity.restriction) this.#replica.proposeInternal({ op: 'license.restrict', reason })
  }
}
