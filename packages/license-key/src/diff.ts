import { canonicalize } from './canonical.ts'
import type { Feature, LicenseKey, Product } from './license.ts'
import { type InstallationType, unitsInForce } from './units.ts'

/** Units in use now, by product and type of installation. */
export interface Usage {
  readonly product: number
  readonly installation: InstallationType
  readonly used: number
}

export interface ProductRef {
  readonly id: number
  readonly name: string
}

/** Values are in canonical form; absent where the field is. */
export interface FieldChange {
  readonly field: string
  readonly from?: string
  readonly to?: string
}

export interface KeyDiff {
  readonly added: readonly ProductRef[]
  readonly removed: readonly ProductRef[]
  readonly changed: readonly (FieldChange & { readonly product: number })[]
  /** What would be above its limit, or without a product, once the new key is installed. */
  readonly reducedBelowUse: readonly (Usage & { readonly name: string; readonly inForce: number })[]
  readonly features: {
    readonly added: readonly string[]
    readonly removed: readonly string[]
    readonly changed: readonly (FieldChange & { readonly feature: string })[]
  }
  /** Changes beside products and features: validity, customer, hardlock, clones. */
  readonly general: readonly FieldChange[]
}

/** What a new license changes against the one in force; without one, everything is added. */
export function diffKeys(from: LicenseKey | undefined, to: LicenseKey, usage: readonly Usage[]): KeyDiff {
  const before = byId(from?.products ?? [])
  const after = byId(to.products)
  const featuresBefore = byId(from?.features ?? [])
  const featuresAfter = byId(to.features)
  return {
    added: to.products.filter((each) => !before.has(each.id)).map(refOf),
    removed: (from?.products ?? []).filter((each) => !after.has(each.id)).map(refOf),
    changed: to.products.flatMap((each) => {
      const old = before.get(each.id)
      if (old === undefined) return []
      return changesOf(old, each).map((change) => ({ product: each.id, ...change }))
    }),
    reducedBelowUse: usage.flatMap((each) =>
      belowUse(each, before.get(each.product), after.get(each.product)),
    ),
    features: {
      added: to.features.filter((each) => !featuresBefore.has(each.id)).map((each) => each.id),
      removed: (from?.features ?? []).filter((each) => !featuresAfter.has(each.id)).map((each) => each.id),
      changed: to.features.flatMap((each) => featureChanges(featuresBefore.get(each.id), each)),
    },
    general: from === undefined ? [] : changesOf(generalOf(from), generalOf(to)),
  }
}

function belowUse(
  usage: Usage,
  before: Product | undefined,
  after: Product | undefined,
): KeyDiff['reducedBelowUse'] {
  const inForce = after === undefined ? 0 : unitsInForce(after, usage.installation)
  if (usage.used <= inForce) return []
  const name = after?.name ?? before?.name ?? ''
  return [{ product: usage.product, name, installation: usage.installation, used: usage.used, inForce }]
}

function featureChanges(before: Feature | undefined, after: Feature): KeyDiff['features']['changed'] {
  if (before === undefined) return []
  return changesOf(before, after).map((change) => ({ feature: after.id, ...change }))
}

/** Serial and time of issue differ always; format and kind never. */
function generalOf(license: LicenseKey): object {
  const { format, kind, serial, issuedAt, products, features, ...general } = license
  return general
}

function changesOf(from: object, to: object): FieldChange[] {
  const before = new Map<string, unknown>(Object.entries(from))
  const after = new Map<string, unknown>(Object.entries(to))
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  return names.flatMap((field) => {
    const old = before.has(field) ? canonicalize(before.get(field)) : undefined
    const now = after.has(field) ? canonicalize(after.get(field)) : undefined
    if (old === now) return []
    return [{ field, ...(old === undefined ? {} : { from: old }), ...(now === undefined ? {} : { to: now }) }]
  })
}

function refOf(product: Product): ProductRef {
  return { id: product.id, name: product.name }
}

function byId<Id, Each extends { readonly id: Id }>(list: readonly Each[]): Map<Id, Each> {
  return new Map(list.map((each) => [each.id, each]))
}
