import { Ledger, type ReadValues, type Result, type Value } from '@tranca/ledger'
import { dayStartMs, diffKeys, type KeyBody, type LicenseKey } from '@tranca/license-key'
import type { KeyInstallCommand } from './key-desk.ts'

const HALF_DAY_MS = 43_200_000

/**
 * What installing a key would answer now. The ledger decides while it installs, so a scratch ledger that has seen
 * the same keys on the same days installs it: no rule is told twice. Only what is in use must be looked up.
 */
export function previewKey(ledger: Ledger, command: KeyInstallCommand, wallMs: number): Result {
  const shown = answered(ledger.query({ op: 'key.show' })) as ReadValues['key.show']
  const { keys } = answered(ledger.query({ op: 'key.history' })) as ReadValues['key.history']
  const { validity } = shown
  const nowMs = validity.calendarMs === 0 ? wallMs : validity.calendarMs
  const installed = shown.body === '' ? undefined : (JSON.parse(shown.body) as LicenseKey)
  const scratch = new Scratch()
  if (installed !== undefined) {
    const { installationId, utcOffsetMinutes } = installed
    const emergencies = keys
      .filter(({ kind }) => kind === 'emergency')
      .map(({ serial, validFrom: day }) => ({
        atMs: Math.min(nowMs, dayStartMs(day, utcOffsetMinutes) + HALF_DAY_MS),
        body: { format: 1, kind: 'emergency', serial, installationId, day, utcOffsetMinutes, number: 1 },
      }))
      .sort((a, b) => a.atMs - b.atMs)
    scratch.begin(Math.min(nowMs, shown.installedMs, emergencies[0]?.atMs ?? nowMs))
    scratch.ledger.applyInternal({ op: 'key.install', body: shown.body })
    for (const { atMs, body } of emergencies) {
      scratch.begin(atMs)
      scratch.ledger.applyInternal({ op: 'key.install', body: JSON.stringify(body) })
    }
  }
  scratch.begin(nowMs)
  if (installed !== undefined) {
    scratch.ledger.applyInternal({ op: 'license.validated', wallMs: validity.validatedMs })
    const { restriction } = validity
    if (restriction !== '') scratch.ledger.applyInternal({ op: 'license.restrict', reason: restriction })
  }
  const result = scratch.ledger.applyInternal(command)
  if (!result.ok) return result
  const reducedBelowUse = belowUse(ledger, installed, JSON.parse(command.body) as KeyBody)
  return { ok: true, value: { ...result.value, reducedBelowUse } }
}

class Scratch {
  readonly ledger = new Ledger({ sink: { answer: () => {}, event: () => {} } })
  #index = 0
  #startMs: number | undefined

  /** Cluster time passes as the calendar does. */
  begin(atMs: number): void {
    this.#startMs ??= atMs
    this.ledger.begin({ index: ++this.#index, term: 1, timeMs: atMs - this.#startMs, wallMs: atMs })
  }
}

function belowUse(ledger: Ledger, from: LicenseKey | undefined, to: KeyBody): readonly object[] {
  if (to.kind !== 'license') return []
  const { products } = answered(ledger.query({ op: 'license.list' })) as ReadValues['license.list']
  const usage = products.filter(({ nature }) => nature !== 'enabling')
  return diffKeys(from, to, usage).reducedBelowUse.map(({ product, installation, used, inForce: total }) => {
    return { product, installation, used, total }
  })
}

function answered(result: Result): Value {
  if (!result.ok) throw new Error(`a read of the ledger was refused: ${result.cause}`)
  return result.value
}
