import { type Call, nameOf } from '../record/history.ts'
import { counted, Findings, type Verdict } from './finding.ts'

/** Why a license may be refused, as the protocol's documentation lists it. */
const causes: ReadonlySet<unknown> = new Set([
  'exhausted',
  'reservedForOthers',
  'overMax',
  'metricExceeded',
  'coolDown',
  'excluded',
  'notDistributed',
  'notInContract',
  'notLicensed',
  'expired',
  'restricted',
])

/** Causes that are about units: somebody has them, or a rule keeps them. */
const aboutUnits: ReadonlySet<unknown> = new Set(['exhausted', 'reservedForOthers', 'overMax'])

type Fields = Readonly<Record<string, unknown>>

/**
 * A refused check-out or lease says why, and what was tried with used and total; where units are the reason,
 * also who has them or which rule decided; and it says of no product that it is exhausted while units are free.
 * A lease that is handed out says how many units it has.
 */
export function auditRefusals(calls: readonly Call[]): Verdict {
  const findings = new Findings('refusalExplained')
  let looked = 0
  for (const call of calls) {
    const { request, outcome } = call
    if (outcome.status !== 'refused') continue
    const isCheckout = request.op === 'license.checkout' || request.op === 'license.pool'
    if (!isCheckout && request.op !== 'license.poolTake') continue
    looked++
    const wrong = isCheckout
      ? wrongCheckout(outcome.cause, outcome.detail, request.op === 'license.checkout' ? request.units : 1)
      : wrongTake(outcome.cause, outcome.detail)
    if (wrong !== undefined) {
      findings.add(`${request.op} of ${nameOf(call)} was refused as ${outcome.cause}: ${wrong}`)
    }
  }
  return findings.verdict(counted(looked, 'refusal'))
}

function wrongCheckout(cause: string, detail: Fields, units: number): string | undefined {
  // One who waited in vain, or in a circle, is told why it had to wait.
  const why = detail.cause
  if (!causes.has(why)) return `the cause ${JSON.stringify(why)} is not known`
  if (cause !== why && cause !== 'timeout' && cause !== 'deadlock') return `the detail says ${String(why)}`
  const { tried, holders, rule } = detail
  if (!Array.isArray(tried) || tried.length === 0) return 'it does not say which products were tried'
  for (const each of tried as readonly Fields[]) {
    const wrong = wrongTried(each, units)
    if (wrong !== undefined) return wrong
  }
  if (!(tried as readonly Fields[]).some((each) => each.outcome === why || !aboutUnits.has(why))) {
    return 'no product that was tried has this outcome'
  }
  const hasHolders = Array.isArray(holders) && holders.length > 0
  if (why === 'exhausted' && !hasHolders) return 'it does not say who has the units'
  if (why === 'overMax' && rule === undefined && !hasHolders) return 'it does not say which rule decided'
  if (why === 'reservedForOthers' && rule === undefined) return 'it does not say which rule decided'
  return undefined
}

function wrongTried({ product, total, used, overdraft, queued, outcome }: Fields, units: number) {
  const name = `product ${String(product)}`
  for (const [field, value] of Object.entries({ product, total, used, overdraft, queued })) {
    if (typeof value !== 'number') return `${name}: no ${field}`
  }
  if (!causes.has(outcome)) return `${name}: ${JSON.stringify(outcome)} is no reason to refuse`
  const left = Number(total) + Number(overdraft) - Number(used)
  if (outcome === 'exhausted' && left >= units && queued === 0) {
    return `${name} is said to be exhausted, with ${left} units free and nobody in the queue`
  }
  return undefined
}

function wrongTake(cause: string, { taken, units }: Fields): string | undefined {
  if (cause !== 'exhausted') return 'the cause is not known'
  if (typeof taken !== 'number' || typeof units !== 'number')
    return 'it does not say how many units there are'
  return taken >= units ? undefined : `${units - taken} units of the lease are free`
}
