import type { Installation } from '../commands.ts'
import { NAME_LENGTH_MAX, UTC_OFFSET_MINUTES_MAX } from '../limits.ts'
import type { ConsumerPart, LicenseNature } from './commands.ts'
import { dayNumber } from './days.ts'

// The body of a key file, as the ledger needs it. The node has verified the signature; this looks at the
// shape once more, strictly, since every member must read the same out of it.

/** What the contract says of one product. */
export interface ProductSpec {
  readonly id: number
  readonly name: string
  readonly nature: LicenseNature
  /** Of the whole contract; onDemand: the metric's limit. */
  readonly quantity: number
  readonly consumerKey: readonly ConsumerPart[]
  /** 0 = no reuse. */
  readonly reuseMs: number
  readonly reuseFrom: 'acquire' | 'release'
  /** 0 = none. */
  readonly limitPerHost: number
  readonly overdraft: number
  readonly metric: string
  readonly production: number
  readonly development: number
  /** Whether an installation type may use it at all. */
  readonly inDevelopment: boolean
  readonly inProduction: boolean
}

export interface FeatureSpec {
  readonly id: string
  readonly name: string
  readonly products: readonly number[]
}

export interface LicenseKeyBody {
  readonly kind: 'license'
  readonly serial: number
  readonly customer: string
  readonly installationId: string
  readonly validFrom: string
  readonly validUntil: string
  readonly utcOffsetMinutes: number
  /** -1 = no online validation. */
  readonly toleranceDays: number
  readonly products: readonly ProductSpec[]
  readonly features: readonly FeatureSpec[]
}

export interface EmergencyKeyBody {
  readonly kind: 'emergency'
  readonly serial: number
  readonly installationId: string
  readonly day: string
  readonly utcOffsetMinutes: number
  readonly number: number
}

export type KeyBody = LicenseKeyBody | EmergencyKeyBody
export type Damage = { readonly field: string; readonly value: unknown; readonly expected: string }
export type Parsed =
  | { readonly ok: true; readonly key: KeyBody }
  | { readonly ok: false; readonly damage: Damage }

const KEY_BODY_MAX = 900_000
const PRODUCTS_MAX = 10_000
const FEATURES_MAX = 10_000
const LIST_MAX = 1_000
const QUANTITY_MAX = 1_000_000_000
const WINDOW_MS_MAX = 86_400_000
const NATURES: readonly unknown[] = ['concurrent', 'onDemand', 'processing', 'enabling', 'named']
const PARTS: readonly unknown[] = ['user', 'group', 'company', 'host', 'session', 'owner']

export function unitsOf(spec: ProductSpec, installation: Installation): number {
  return installation === 'development' ? spec.development : spec.production
}

export function isDistributed(spec: ProductSpec, installation: Installation): boolean {
  return installation === 'development' ? spec.inDevelopment : spec.inProduction
}

export function parseKeyBody(text: string): Parsed {
  if (typeof text !== 'string' || text.length > KEY_BODY_MAX) {
    return damaged(
      'body',
      typeof text === 'string' ? text.length : typeof text,
      `at most ${KEY_BODY_MAX} characters`,
    )
  }
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return damaged('body', text.slice(0, 40), 'JSON')
  }
  try {
    return { ok: true, key: readBody(body) }
  } catch (error) {
    if (error instanceof Damaged) return { ok: false, damage: error.damage }
    throw error
  }
}

/** Thrown and caught in this file only. */
class Damaged extends Error {
  readonly damage: Damage

  constructor(damage: Damage) {
    super(damage.field)
    this.damage = damage
  }
}

function damaged(field: string, value: unknown, expected: string): Parsed {
  return { ok: false, damage: { field, value, expected } }
}

function fail(field: string, value: unknown, expected: string): never {
  const shown = typeof value === 'object' && value !== null ? typeof value : value
  throw new Damaged({ field, value: shown ?? null, expected })
}

type Fields = { readonly [field: string]: unknown }

function readBody(value: unknown): KeyBody {
  const body = object('body', value)
  if (body.format !== 1) fail('format', body.format, '1')
  if (body.kind === 'license') return readLicense(body)
  if (body.kind === 'emergency') return readEmergency(body)
  return fail('kind', body.kind, 'license or emergency')
}

function readLicense(body: Fields): LicenseKeyBody {
  const customer = object('customer', body.customer)
  const validFrom = day('validFrom', body.validFrom)
  const validUntil = day('validUntil', body.validUntil)
  if (validUntil < validFrom) fail('validUntil', validUntil, `not before ${validFrom}`)
  const online = body.onlineValidation
  const products = list('products', body.products, PRODUCTS_MAX).map(readProduct)
  const ids = new Set<number>()
  for (const { id } of products) {
    if (ids.has(id)) fail('products.id', id, 'each product once')
    ids.add(id)
  }
  const features = list('features', body.features, FEATURES_MAX).map(readFeature)
  const names = new Set<string>()
  for (const { id } of features) {
    if (names.has(id)) fail('features.id', id, 'each feature once')
    names.add(id)
  }
  return {
    kind: 'license',
    serial: whole('serial', body.serial, 1, Number.MAX_SAFE_INTEGER),
    customer: text('customer.name', customer.name),
    installationId: text('installationId', body.installationId),
    validFrom,
    validUntil,
    utcOffsetMinutes: offset(body.utcOffsetMinutes),
    toleranceDays:
      online === undefined
        ? -1
        : whole('onlineValidation.toleranceDays', object('onlineValidation', online).toleranceDays, 0, 3_650),
    products,
    features,
  }
}

function readEmergency(body: Fields): EmergencyKeyBody {
  return {
    kind: 'emergency',
    serial: whole('serial', body.serial, 1, Number.MAX_SAFE_INTEGER),
    installationId: text('installationId', body.installationId),
    day: day('day', body.day),
    utcOffsetMinutes: offset(body.utcOffsetMinutes),
    number: whole('number', body.number, 1, 5),
  }
}

function readProduct(value: unknown): ProductSpec {
  const fields = object('products', value)
  const id = whole('products.id', fields.id, 1, Number.MAX_SAFE_INTEGER)
  const at = (field: string): string => `products[${id}].${field}`
  if (!NATURES.includes(fields.nature)) fail(at('nature'), fields.nature, NATURES.join(', '))
  const nature = fields.nature as LicenseNature
  const quantity = whole(at('quantity'), fields.quantity, 0, QUANTITY_MAX)
  const parts =
    fields.consumerKey === undefined
      ? nature === 'processing'
        ? ['host']
        : ['user', 'group']
      : list(at('consumerKey'), fields.consumerKey, PARTS.length)
  for (const part of parts) if (!PARTS.includes(part)) fail(at('consumerKey'), part, PARTS.join(', '))
  const reuse = fields.reuse === undefined ? undefined : object(at('reuse'), fields.reuse)
  if (reuse !== undefined && reuse.from !== 'acquire' && reuse.from !== 'release') {
    fail(at('reuse.from'), reuse.from, 'acquire or release')
  }
  const share =
    fields.distribution === undefined ? undefined : object(at('distribution'), fields.distribution)
  const production =
    share === undefined ? quantity : whole(at('distribution.production'), share.production, 0, QUANTITY_MAX)
  const development =
    share === undefined ? 0 : whole(at('distribution.development'), share.development, 0, QUANTITY_MAX)
  const isUncounted = nature === 'enabling'
  if (!isUncounted && production + development > quantity) {
    fail(at('distribution'), production + development, `at most the quantity ${quantity}`)
  }
  return {
    id,
    name: text(at('name'), fields.name),
    nature,
    quantity,
    consumerKey: nature === 'named' ? ['user'] : (parts as ConsumerPart[]),
    reuseMs: reuse === undefined ? 0 : whole(at('reuse.windowMs'), reuse.windowMs, 0, WINDOW_MS_MAX),
    reuseFrom: reuse?.from === 'acquire' ? 'acquire' : 'release',
    limitPerHost: optional(at('limitPerHost'), fields.limitPerHost, QUANTITY_MAX),
    overdraft: optional(at('overdraft'), fields.overdraft, QUANTITY_MAX),
    metric: fields.metric === undefined ? '' : text(at('metric'), fields.metric),
    production,
    development,
    inProduction: production > 0 || (isUncounted && share === undefined) || nature === 'onDemand',
    inDevelopment: development > 0 || (isUncounted && share === undefined),
  }
}

function readFeature(value: unknown): FeatureSpec {
  const fields = object('features', value)
  const id = text('features.id', fields.id)
  const products = list(`features[${id}].products`, fields.products, LIST_MAX).map((product) =>
    whole(`features[${id}].products`, product, 1, Number.MAX_SAFE_INTEGER),
  )
  if (products.length === 0) fail(`features[${id}].products`, 0, 'at least one product')
  return { id, name: text(`features[${id}].name`, fields.name), products: [...new Set(products)] }
}

function object(field: string, value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(field, value, 'an object')
  return value as Fields
}

function list(field: string, value: unknown, max: number): readonly unknown[] {
  if (!Array.isArray(value)) return fail(field, value, 'a list')
  if (value.length > max) fail(field, value.length, `at most ${max} entries`)
  return value
}

function text(field: string, value: unknown): string {
  if (
    typeof value !== 'string' ||
    value.length < 1 ||
    value.length > NAME_LENGTH_MAX ||
    value.includes('\0')
  ) {
    fail(field, value, `1 to ${NAME_LENGTH_MAX} characters, no NUL`)
  }
  return value as string
}

function whole(field: string, value: unknown, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    fail(field, value, `a whole number from ${min} to ${max}`)
  }
  return value as number
}

function optional(field: string, value: unknown, max: number): number {
  return value === undefined ? 0 : whole(field, value, 0, max)
}

function offset(value: unknown): number {
  return whole('utcOffsetMinutes', value, -UTC_OFFSET_MINUTES_MAX, UTC_OFFSET_MINUTES_MAX)
}

function day(field: string, value: unknown): string {
  if (dayNumber(value) === undefined) fail(field, value, 'a day such as 2026-11-21')
  return value as string
}
