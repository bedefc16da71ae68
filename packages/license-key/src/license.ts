import { type Day, utcOffsetLimits } from './calendar.ts'
import { FieldError, memberField } from './field-error.ts'
import {
  CAPACITIES_MAX,
  CLONES_MAX,
  ESCALATION_LENGTH_MAX,
  FEATURES_MAX,
  PRODUCT_ID_MAX,
  PRODUCTS_MAX,
  QUANTITY_MAX,
  REUSE_WINDOW_MS_MAX,
  SERIAL_MAX,
  TEXT_BYTES_MAX,
  TOLERANCE_DAYS_MAX,
} from './limits.ts'
import { type Check, day, id, instant, integer, list, mapOf, oneOf, optional, record, text } from './shape.ts'

export const natures = ['concurrent', 'onDemand', 'processing', 'enabling', 'named'] as const
/** What a unit of the product counts (domain section 2). */
export type Nature = (typeof natures)[number]

export const consumerParts = ['user', 'group', 'company', 'host', 'session', 'owner'] as const
/** What may tell one consumer of a unit from another. */
export type ConsumerPart = (typeof consumerParts)[number]

export interface Reuse {
  readonly windowMs: number
  /** Where the window starts to run. */
  readonly from: 'acquire' | 'release'
}

/** Units per installation type. Homologation always gets the same as production, on top. */
export interface Distribution {
  readonly production: number
  readonly development: number
}

export interface Product {
  readonly id: number
  readonly name: string
  readonly nature: Nature
  /** Contract total: units; 0 for `enabling`; the metric's limit for `onDemand`. */
  readonly quantity: number
  /** Requests with the same values of these share a unit; empty: each request takes its own. */
  readonly consumerKey?: readonly ConsumerPart[]
  readonly reuse?: Reuse
  /** `onDemand` only: the metric that is counted, such as `employees`. */
  readonly metric?: string
  /** Units that one host may hold. */
  readonly limitPerHost?: number
  /** Units beyond the quantity that are granted, and shown. */
  readonly overdraft?: number
  /** Absent: all units in production, none in development. */
  readonly distribution?: Distribution
  /** Other limits by name, such as `companies`. */
  readonly capacity?: Readonly<Record<string, number>>
}

/** What an application asks for: products in the order in which they are tried, contracted or not. */
export interface Feature {
  readonly id: string
  readonly name: string
  readonly products: readonly number[]
}

/** A registered clone of the hardlock, with the term of responsibility that was signed for it. */
export interface Clone {
  readonly serial: string
  /** Reference of the signed term. */
  readonly term: string
  readonly signedBy: string
  readonly signedOn: Day
  readonly registeredAt: string
}

export interface LicenseKey {
  readonly format: 1
  readonly kind: 'license'
  /** Grows with each key issued for the installation. */
  readonly serial: number
  readonly customer: { readonly id: string; readonly name: string }
  readonly installationId: string
  readonly hardlockId?: string
  /** ISO instant in UTC. */
  readonly issuedAt: string
  readonly validFrom: Day
  /** The last valid day: it ends at midnight in the key's own offset. */
  readonly validUntil: Day
  readonly utcOffsetMinutes: number
  readonly onlineValidation?: { readonly toleranceDays: number }
  readonly products: readonly Product[]
  readonly features: readonly Feature[]
  readonly clones?: readonly Clone[]
}

const line = text({ bytesMax: TEXT_BYTES_MAX })
const amount = integer({ min: 0, max: QUANTITY_MAX })
export const checkProductId = integer({ min: 1, max: PRODUCT_ID_MAX })
export const checkCustomer = record<LicenseKey['customer']>({ id, name: line })
export const checkConsumerKey: Check<readonly ConsumerPart[]> = list(oneOf(consumerParts), {
  max: consumerParts.length,
  unique: (part) => part,
})
export const checkReuse = record<Reuse>({
  windowMs: integer({ min: 1, max: REUSE_WINDOW_MS_MAX }),
  from: oneOf(['acquire', 'release']),
})
export const checkDistribution = record<Distribution>({ production: amount, development: amount })
export const checkCapacity: Check<Readonly<Record<string, number>>> = mapOf(amount, { max: CAPACITIES_MAX })
export const checkOnlineValidation = record<{ readonly toleranceDays: number }>({
  toleranceDays: integer({ min: 1, max: TOLERANCE_DAYS_MAX }),
})
export const checkFeature = record<Feature>({
  id,
  name: line,
  products: list(checkProductId, { min: 1, max: ESCALATION_LENGTH_MAX, unique: (product) => product }),
})
export const checkClone = record<Clone>({
  serial: id,
  term: line,
  signedBy: line,
  signedOn: day,
  registeredAt: instant,
})

const checkProduct = record<Product>({
  id: checkProductId,
  name: line,
  nature: oneOf(natures),
  quantity: amount,
  consumerKey: optional(checkConsumerKey),
  reuse: optional(checkReuse),
  metric: optional(id),
  limitPerHost: optional(integer({ min: 1, max: QUANTITY_MAX })),
  overdraft: optional(amount),
  distribution: optional(checkDistribution),
  capacity: optional(checkCapacity),
})

const checkShape = record<LicenseKey>({
  format: oneOf([1]),
  kind: oneOf(['license']),
  serial: integer({ min: 1, max: SERIAL_MAX }),
  customer: checkCustomer,
  installationId: id,
  hardlockId: optional(id),
  issuedAt: instant,
  validFrom: day,
  validUntil: day,
  utcOffsetMinutes: integer(utcOffsetLimits),
  onlineValidation: optional(checkOnlineValidation),
  products: list(checkProduct, { max: PRODUCTS_MAX, unique: (product) => product.id, of: 'id' }),
  features: list(checkFeature, { max: FEATURES_MAX, unique: (feature) => feature.id, of: 'id' }),
  clones: optional(list(checkClone, { max: CLONES_MAX, unique: (clone) => clone.serial, of: 'serial' })),
})

/** Shape and rules of a license; throws a `FieldError`. */
export const checkLicense: Check<LicenseKey> = (value, field) => {
  const license = checkShape(value, field)
  if (license.validUntil < license.validFrom) {
    const expected = `${license.validFrom} (validFrom) or later`
    throw new FieldError(memberField(field, 'validUntil'), license.validUntil, expected)
  }
  const products = memberField(field, 'products')
  for (const [at, product] of license.products.entries()) checkRules(product, memberField(products, at))
  return license
}

/** What the nature of a product allows it to have. */
function checkRules(product: Product, field: string): void {
  const { nature, quantity, distribution } = product
  const only = (name: keyof Product, allowed: readonly Nature[]): void => {
    if (product[name] === undefined || allowed.includes(nature)) return
    const expected = `absent for a product of nature ${nature}`
    throw new FieldError(memberField(field, name), product[name], expected)
  }
  if (nature === 'enabling' ? quantity !== 0 : quantity === 0) {
    const expected = nature === 'enabling' ? '0 for a product of nature enabling' : 'at least 1'
    throw new FieldError(memberField(field, 'quantity'), quantity, expected)
  }
  if (nature === 'onDemand' && product.metric === undefined) {
    throw new FieldError(memberField(field, 'metric'), undefined, 'the name of the metric that is counted')
  }
  only('metric', ['onDemand'])
  only('reuse', ['concurrent'])
  only('limitPerHost', ['concurrent', 'named'])
  only('overdraft', ['concurrent', 'processing', 'named', 'onDemand'])
  only('consumerKey', ['concurrent', 'processing', 'named'])
  only('distribution', ['concurrent', 'processing', 'named', 'onDemand'])
  if (distribution !== undefined && distribution.production + distribution.development > quantity) {
    const expected = `a sum of at most ${quantity} (quantity)`
    throw new FieldError(memberField(field, 'distribution'), distribution, expected)
  }
}
