import { nameOf } from '../record/history.ts'
import { counted, Findings, type Verdict } from './finding.ts'
import { grouped } from './grouped.ts'
import type { Handed, License, Licensing } from './licensing.ts'
import type { LicensedState, LicenseState } from './state.ts'

/**
 * Units that were surely in use at the same time are never more than the contract puts in force: counted anew
 * from what each client was told, once for each unit, however many share it. And a lease hands out no more than
 * it has.
 */
export function auditUnits(
  { licenses, handed }: Licensing,
  before: LicenseState | undefined,
  after: LicenseState | undefined,
): Verdict {
  const findings = new Findings('unitsWithin')
  const byProduct = grouped(licenses, ({ product }) => product)
  for (const [product, list] of byProduct) {
    const inForce = inForceOf(product, before, after)
    if (inForce === undefined) {
      findings.add(`product ${product}: granted to ${nameOf(list[0]!.by)}, and not in the contract`)
    } else if (inForce.isCounted) auditPool(product, list, inForce.units, findings)
  }
  for (const [lease, list] of grouped(handed, (hand) => hand.lease)) auditLease(lease, list, findings)
  return findings.verdict(`${counted(licenses.length, 'grant')} of ${counted(byProduct.size, 'product')}`)
}

/** The larger of both states, if the key was changed between them. */
function inForceOf(
  product: number,
  before: LicenseState | undefined,
  after: LicenseState | undefined,
): { readonly units: number; readonly isCounted: boolean } | undefined {
  const states = [before, after].flatMap((state) => state?.products ?? [])
  const found = states.filter((each) => each.product === product)
  const [any] = found
  if (any === undefined) return undefined
  return { units: Math.max(...found.map((each) => each.total + each.overdraft)), isCounted: isCounted(any) }
}

/** Natures whose units are limited: not by a metric, nor a yes or no. */
export function isCounted({ nature }: LicensedState): boolean {
  return nature !== 'onDemand' && nature !== 'enabling'
}

function auditPool(product: number, list: readonly License[], inForce: number, findings: Findings): void {
  const shared = new Map<number, License[]>()
  let used = 0
  let isOver = false
  walk(list, (license, comes) => {
    const { unit } = license
    const sharers = unit === 0 ? [] : (shared.get(unit) ?? [])
    const left = comes ? [...sharers, license] : sharers.filter((each) => each !== license)
    // A lease's units are its own; of other units the largest claim of those who share counts.
    used += unit === 0 ? (comes ? license.units : -license.units) : largest(left) - largest(sharers)
    if (unit !== 0) shared.set(unit, left)
    if (used <= inForce) isOver = false
    else if (!isOver) {
      isOver = true
      findings.add(
        `product ${product}: ${used} units surely in use with ${nameOf(license.by)}, and ${inForce} in force`,
      )
    }
  })
}

function auditLease(lease: License, list: readonly Handed[], findings: Findings): void {
  let out = 0
  walk(list, (hand, comes) => {
    out += comes ? 1 : -1
    if (comes && out > lease.units) {
      findings.add(
        `lease ${lease.grant} of product ${lease.product}: ${out} of ${lease.units} units handed out, ` +
          `the last one to ${hand.holder}`,
      )
    }
  })
}

/** Comings and goings in the order of time; who goes at the moment at which another comes has gone before. */
export function walk<T extends { readonly by: { readonly returnMs: number }; readonly toMs: number }>(
  list: readonly T[],
  step: (each: T, comes: boolean) => void,
): void {
  const marks: { readonly atMs: number; readonly comes: boolean; readonly each: T }[] = []
  for (const each of list) {
    const fromMs = each.by.returnMs
    if (each.toMs <= fromMs) continue
    marks.push({ atMs: fromMs, comes: true, each }, { atMs: each.toMs, comes: false, each })
  }
  marks.sort((a, b) => a.atMs - b.atMs || Number(a.comes) - Number(b.comes))
  for (const { each, comes } of marks) step(each, comes)
}

function largest(sharers: readonly License[]): number {
  return sharers.reduce((units, license) => Math.max(units, license.units), 0)
}
