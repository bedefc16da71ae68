import {
  checkCapacity,
  checkCustomer,
  checkDistribution,
  checkOnlineValidation,
  checkProductId,
  type Day,
  type Distribution,
  FEATURES_MAX,
  type Feature,
  type LicenseKey,
  PRODUCTS_MAX,
  type Product,
  QUANTITY_MAX,
  UTC_OFFSET_MINUTES_MAX,
  UTC_OFFSET_MINUTES_MIN,
} from '@tranca/license-key'
import {
  type Check,
  day,
  FieldError,
  id,
  integer,
  list,
  oneOf,
  optional,
  record,
} from '@tranca/license-key/shape'
import type { Catalog } from './catalog.ts'
import { MONTHS_MAX } from './limits.ts'

/** One contracted product; the catalog has the rest of it. */
export interface OrderProduct {
  readonly id: number
  /** Absent (or 0) for products of nature `enabling` only. */
  readonly quantity?: number
  readonly distribution?: Distribution
  readonly overdraft?: number
  readonly limitPerHost?: number
  readonly capacity?: Readonly<Record<string, number>>
}

/** What a customer has contracted, for one installation. */
export interface Order {
  readonly format: 1
  /** What installations of one contract share; default: the installation's id. */
  readonly contractId?: string
  readonly customer: LicenseKey['customer']
  readonly installationId: string
  readonly hardlockId?: string
  /** Default: the day of issue. */
  readonly validFrom?: Day
  /** The last valid day, or the number of months; default: 4 months. */
  readonly validUntil?: Day
  readonly months?: number
  readonly utcOffsetMinutes: number
  readonly onlineValidation?: { readonly toleranceDays: number }
  readonly products: readonly OrderProduct[]
  /** Ids of features; default: all of the catalog. */
  readonly features?: readonly string[]
}

const amount = integer({ min: 0, max: QUANTITY_MAX })

const checkShape = record<Order>({
  format: oneOf([1]),
  contractId: optional(id),
  customer: checkCustomer,
  installationId: id,
  hardlockId: optional(id),
  validFrom: optional(day),
  validUntil: optional(day),
  months: optional(integer({ min: 1, max: MONTHS_MAX })),
  utcOffsetMinutes: integer({ min: UTC_OFFSET_MINUTES_MIN, max: UTC_OFFSET_MINUTES_MAX }),
  onlineValidation: optional(checkOnlineValidation),
  products: list(
    record<OrderProduct>({
      id: checkProductId,
      quantity: optional(amount),
      distribution: optional(checkDistribution),
      overdraft: optional(amount),
      limitPerHost: optional(integer({ min: 1, max: QUANTITY_MAX })),
      capacity: optional(checkCapacity),
    }),
    { min: 1, max: PRODUCTS_MAX, unique: (product) => product.id, of: 'id' },
  ),
  features: optional(list(id, { max: FEATURES_MAX, unique: (feature) => feature })),
})

/** Shape and rules of an order against a catalog; throws a `FieldError`. */
export function checkOrder(catalog: Catalog): Check<Order> {
  const known = new Map(catalog.products.map((product) => [product.id, product]))
  const features = new Set(catalog.features.map((feature) => feature.id))
  return (value, field) => {
    const order = checkShape(value, field)
    if (order.validUntil !== undefined && order.months !== undefined) {
      throw new FieldError('months', order.months, 'absent: validUntil says the same')
    }
    for (const [at, { id: product, quantity = 0 }] of order.products.entries()) {
      const found = known.get(product)
      if (found === undefined) {
        const ids = [...known.keys()].sort((one, other) => one - other)
        throw new FieldError(`products[${at}].id`, product, `a product of the catalog: ${ids.join(', ')}`)
      }
      if (found.nature !== 'enabling' && quantity === 0) {
        const expected = `at least 1: ${found.name} is of nature ${found.nature}`
        throw new FieldError(`products[${at}].quantity`, order.products[at]?.quantity, expected)
      }
    }
    for (const [at, feature] of (order.features ?? []).entries()) {
      if (!features.has(feature)) {
        const expected = `a feature of the catalog: ${[...features].join(', ')}`
        throw new FieldError(`features[${at}]`, feature, expected)
      }
    }
    return order
  }
}

/** The products of an order as a key carries them, in the order's order. */
export function productsOf(catalog: Catalog, order: Order): Product[] {
  const known = new Map(catalog.products.map((product) => [product.id, product]))
  return order.products.map((ordered) => {
    const product = known.get(ordered.id)
    if (product === undefined) throw new FieldError('products', ordered.id, 'a product of the catalog')
    return { ...product, ...ordered, quantity: ordered.quantity ?? 0 }
  })
}

export function featuresOf(catalog: Catalog, order: Order): readonly Feature[] {
  const wanted = order.features
  return wanted === undefined
    ? catalog.features
    : catalog.features.filter((feature) => wanted.includes(feature.id))
}
