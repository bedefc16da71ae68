import {
  type ConsumerPart,
  checkConsumerKey,
  checkFeature,
  checkProductId,
  checkReuse,
  FEATURES_MAX,
  type Feature,
  type Nature,
  natures,
  PRODUCTS_MAX,
  type Reuse,
  TEXT_BYTES_MAX,
} from '@tranca/license-key'
import { type Check, FieldError, id, list, oneOf, optional, record, text } from '@tranca/license-key/shape'

/** What the vendor sells: the part of a product that is the same for every customer. */
export interface CatalogProduct {
  readonly id: number
  readonly name: string
  readonly nature: Nature
  readonly consumerKey?: readonly ConsumerPart[]
  readonly reuse?: Reuse
  readonly metric?: string
}

export interface Catalog {
  readonly format: 1
  readonly name: string
  readonly products: readonly CatalogProduct[]
  /** Escalation lists: every key carries them whole, so that a refusal can name what was not contracted. */
  readonly features: readonly Feature[]
}

const name = text({ bytesMax: TEXT_BYTES_MAX })

const checkShape = record<Catalog>({
  format: oneOf([1]),
  name,
  products: list(
    record<CatalogProduct>({
      id: checkProductId,
      name,
      nature: oneOf(natures),
      consumerKey: optional(checkConsumerKey),
      reuse: optional(checkReuse),
      metric: optional(id),
    }),
    { min: 1, max: PRODUCTS_MAX, unique: (product) => product.id, of: 'id' },
  ),
  features: list(checkFeature, { max: FEATURES_MAX, unique: (feature) => feature.id, of: 'id' }),
})

/** Shape and rules of a catalog; throws a `FieldError`. */
export const checkCatalog: Check<Catalog> = (value, field) => {
  const catalog = checkShape(value, field)
  const known = new Set(catalog.products.map((product) => product.id))
  for (const [at, product] of catalog.products.entries()) checkNature(product, `products[${at}]`)
  for (const [at, feature] of catalog.features.entries()) {
    const unknown = feature.products.findIndex((product) => !known.has(product))
    if (unknown < 0) continue
    const where = `features[${at}].products[${unknown}]`
    throw new FieldError(where, feature.products[unknown], 'a product of this catalog')
  }
  return catalog
}

function checkNature(product: CatalogProduct, field: string): void {
  const { nature, metric, reuse, consumerKey } = product
  const absent = `absent for a product of nature ${nature}`
  if (nature === 'onDemand' && metric === undefined) {
    throw new FieldError(`${field}.metric`, metric, 'the name of the metric that is counted')
  }
  if (nature !== 'onDemand' && metric !== undefined) throw new FieldError(`${field}.metric`, metric, absent)
  if (nature !== 'concurrent' && reuse !== undefined) throw new FieldError(`${field}.reuse`, reuse, absent)
  if ((nature === 'onDemand' || nature === 'enabling') && consumerKey !== undefined) {
    throw new FieldError(`${field}.consumerKey`, consumerKey, absent)
  }
}
