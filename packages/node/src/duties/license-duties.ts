import type { Ledger, ValidityView } from '@tranca/ledger'
import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import { type Environment, randomHex } from '../environment/environment.ts'
import { usageReport } from '../licenses/usage-report.ts'
import type { ValidationFailure } from '../licenses/validation-desk.ts'
import type { Vendor } from '../licenses/vendor-key.ts'
import type { Replica } from '../replica/replica.ts'
import { LicenseCalendar } from './license-calendar.ts'
import { LicenseIntegrity } from './license-integrity.ts'
import { LicenseValidation } from './license-validation.ts'

/** What a leader does for licenses as time passes: the calendar, and with a vendor's key the checks of the installed one. */
export class LicenseDuties {
  readonly #calendar: LicenseCalendar
  readonly #integrity: LicenseIntegrity | undefined
  readonly #validation: LicenseValidation | undefined

  constructor(options: {
    config: Config
    environment: Environment
    replica: Replica
    ledger: () => Ledger
    vendor: Vendor | undefined
    logger: Logger
    validationEnded: (result: 'validated' | ValidationFailure) => void
  }) {
    const { config, environment, replica, ledger, vendor, logger } = options
    const { clock, fetch } = environment
    this.#calendar = new LicenseCalendar({ replica, clock })
    if (vendor === undefined) return
    this.#integrity = new LicenseIntegrity({ replica, ledger, vendor, clock, logger })
    const validation = config.license?.validation
    if (validation === undefined) return
    this.#validation = new LicenseValidation({
      config: validation,
      cluster: config.cluster,
      publicKeyPem: vendor.publicKeyPem,
      replica,
      validity: () => {
        const answer = ledger().query({ op: 'license.validity' })
        if (!answer.ok) throw new Error(`a read of the ledger was refused: ${answer.cause}`)
        return answer.value as ValidityView
      },
      usage: (since) => usageReport(ledger(), since),
      clock,
      fetch,
      nonce: () => randomHex(environment, 16),
      logger,
      ended: options.validationEnded,
    })
  }

  tick(): void {
    this.#calendar.tick()
    this.#integrity?.tick()
    this.#validation?.tick()
  }

  /** A validation was applied. */
  validated(): void {
    this.#validation?.applied()
  }

  stop(): void {
    this.#validation?.stop()
  }
}
