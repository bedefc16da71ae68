import type { LicenseState } from '../audit/state.ts'
import { doneAs, type History } from '../record/history.ts'
import { table, whole } from './text.ts'

const nothing = { taken: 0, shared: 0, units: new Set<number>() }

/**
 * What the cluster's usage report says of a run, product by product. What was shared, and how often a unit was
 * taken that had been in use before, is what clients were told.
 */
export function licenseReportLines(
  { calls }: History,
  before: LicenseState | undefined,
  after: LicenseState | undefined,
): string[] {
  if (after === undefined) return []
  const told = new Map<number, { taken: number; shared: number; units: Set<number> }>()
  for (const call of calls) {
    const result = doneAs(call, 'license.checkout')?.result
    if (result === undefined || result.status === 'query') continue
    let product = told.get(result.product)
    if (product === undefined) {
      product = { taken: 0, shared: 0, units: new Set() }
      told.set(result.product, product)
    }
    product.taken++
    if (result.status === 'waived') product.shared++
    product.units.add(result.unit)
  }
  const rows = after.products.flatMap(({ product, name, total, overdraft }) => {
    const usage = after.usage.find((each) => each.product === product)
    const was = before?.usage.find((each) => each.product === product)
    const checkouts = (usage?.checkouts ?? 0) - (was?.checkouts ?? 0)
    const denials = Object.entries(usage?.denials ?? {}).flatMap(([cause, all]) => {
      const count = all - (was?.denials[cause] ?? 0)
      return count > 0 ? [`${whole(count)} ${cause}`] : []
    })
    if (checkouts === 0 && denials.length === 0) return []
    const { taken, shared, units } = told.get(product) ?? nothing
    return [
      [
        `${product} ${name}`,
        whole(total + overdraft),
        whole(usage?.peak ?? 0),
        whole(checkouts),
        whole(shared),
        whole(taken - shared - units.size),
        denials.length === 0 ? '-' : denials.join(', '),
      ],
    ]
  })
  const head = ['product', 'in force', 'peak', 'check-outs', 'shared', 'reused', 'denied']
  return ['Licenses', ...table(head, rows).map((line) => `  ${line}`), '']
}
