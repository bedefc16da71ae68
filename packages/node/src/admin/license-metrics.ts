import type { Ledger, ReadValues } from '@tranca/ledger'
import { Counter, Gauge, type Registry } from 'prom-client'
import { type ValidationFailure, validationFailures } from '../licenses/validation-desk.ts'

const states = ['unlicensed', 'valid', 'contingency', 'expired', 'restricted', 'emergency']

/** Licenses as metrics. The gauges are read from the ledger when somebody asks (O19). */
export class LicenseMetrics {
  readonly #denials: Counter<'cause'>
  readonly #validations: Counter<'result'>

  constructor(registry: Registry, ledger: () => Ledger) {
    const registers = [registry]
    this.#denials = new Counter({
      name: 'tranca_license_denials_total',
      help: 'Check-outs refused by this leader, by cause',
      labelNames: ['cause'],
      registers,
    })
    this.#validations = new Counter({
      name: 'tranca_license_validations_total',
      help: 'Online validations that this leader has tried, by result',
      labelNames: ['result'],
      registers,
    })
    for (const result of ['validated', ...validationFailures]) this.#validations.inc({ result }, 0)
    new Gauge({
      name: 'tranca_license_validated_seconds',
      help: 'Unix time of the last online validation, at first of the installation of the key; 0 without a key',
      registers,
      collect() {
        this.set((listOf(ledger())?.validity.validatedMs ?? 0) / 1000)
      },
    })
    const labelNames = ['product', 'name', 'installation'] as const
    const perProduct = (name: string, help: string, value: (product: Product) => number) =>
      new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset()
          for (const each of listOf(ledger())?.products ?? []) {
            const { product, name, installation } = each
            this.set({ product: String(product), name, installation }, value(each))
          }
        },
      })
    perProduct('tranca_license_units_in_use', 'Units in use', ({ used }) => used)
    perProduct('tranca_license_units', 'Units in force, overdraft included', ({ total, overdraft }) => {
      return total + overdraft
    })
    perProduct('tranca_license_queued', 'Check-outs that wait', ({ queued }) => queued)
    new Gauge({
      name: 'tranca_license_validity',
      help: '1 for the state that the installed key is in',
      labelNames: ['state'],
      registers,
      collect() {
        const now = listOf(ledger())?.validity.state
        for (const state of states) this.set({ state }, state === now ? 1 : 0)
      },
    })
    new Gauge({
      name: 'tranca_license_end_seconds',
      help: 'Unix time at which what is in force ends; 0 if nothing is',
      registers,
      collect() {
        this.set((listOf(ledger())?.validity.endMs ?? 0) / 1000)
      },
    })
  }

  validationEnded(result: 'validated' | ValidationFailure): void {
    this.#validations.inc({ result })
  }

  denied(cause: string): void {
    this.#denials.inc({ cause })
  }
}

type Listed = ReadValues['license.list']
type Product = Listed['products'][number]

function listOf(ledger: Ledger): Listed | undefined {
  const answer = ledger.query({ op: 'license.list' })
  return answer.ok ? (answer.value as Listed) : undefined
}
