import { checkProductId, PRODUCTS_MAX, QUANTITY_MAX } from '@tranca/license-key'
import { type Check, FieldError, id, integer, list, oneOf, optional, record } from '@tranca/license-key/shape'
import type { Catalog } from './catalog.ts'
import { PLAN_LENGTH_MAX } from './limits.ts'
import type { Order } from './order.ts'

/** What one installation gets of a product. */
export interface Share {
  readonly id: number
  readonly production: number
  /** Default 0. Homologation gets the same as production, as always. */
  readonly development?: number
  /** Default 0; the shares' sum stays within the order's. */
  readonly overdraft?: number
}

export interface PlannedInstallation {
  readonly installationId: string
  readonly hardlockId?: string
  readonly products: readonly Share[]
}

/** How a contract is split over installations. Products of nature `enabling` go to each of them. */
export interface Plan {
  readonly format: 1
  readonly installations: readonly PlannedInstallation[]
}

const amount = integer({ min: 0, max: QUANTITY_MAX })

const checkShape = record<Plan>({
  format: oneOf([1]),
  installations: list(
    record<PlannedInstallation>({
      installationId: id,
      hardlockId: optional(id),
      products: list(
        record<Share>({
          id: checkProductId,
          production: amount,
          development: optional(amount),
          overdraft: optional(amount),
        }),
        { max: PRODUCTS_MAX, unique: (share) => share.id, of: 'id' },
      ),
    }),
    {
      min: 1,
      max: PLAN_LENGTH_MAX,
      unique: (installation) => installation.installationId,
      of: 'installationId',
    },
  ),
})

/** Shape and rules of a plan against the order that it splits; throws a `FieldError`. */
export function checkPlan(catalog: Catalog, order: Order): Check<Plan> {
  const natureOf = new Map(catalog.products.map((product) => [product.id, product.nature]))
  const ordered = new Map(order.products.map((product) => [product.id, product]))
  return (value, field) => {
    const plan = checkShape(value, field)
    const overdrafts = new Map<number, number>()
    for (const [at, installation] of plan.installations.entries()) {
      for (const [place, share] of installation.products.entries()) {
        const where = `installations[${at}].products[${place}]`
        const product = ordered.get(share.id)
        if (product === undefined) throw new FieldError(`${where}.id`, share.id, 'a product of the order')
        if (natureOf.get(share.id) === 'enabling') {
          throw new FieldError(`${where}.id`, share.id, 'a product that is counted: this one goes to all')
        }
        const overdraft = (overdrafts.get(share.id) ?? 0) + (share.overdraft ?? 0)
        overdrafts.set(share.id, overdraft)
        if (overdraft > (product.overdraft ?? 0)) {
          const expected = `a sum of at most ${product.overdraft ?? 0}, the order's overdraft`
          throw new FieldError(`${where}.overdraft`, share.overdraft, expected)
        }
      }
    }
    return plan
  }
}
