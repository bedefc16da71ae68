import type { LeafSpec } from '../command-kit.ts'
import { usage } from '../errors.ts'
import { wholeNumber } from '../numbers.ts'

export const installations = ['production', 'homologation', 'development'] as const
export type Installation = (typeof installations)[number]

const PRODUCT_MAX = 999_999_999
const UNITS_MAX = 1_000_000

export interface WhoOptions {
  readonly user?: string
  readonly group?: string
  readonly company?: string
  readonly host?: string
}

export const whoOptions: NonNullable<LeafSpec['options']> = [
  ['--user <name>', 'option.user'],
  ['--group <name>', 'option.group'],
  ['--company <code>', 'option.licenseCompany'],
  ['--host <name>', 'option.host'],
]

export function whoOf(options: WhoOptions): Required<WhoOptions> {
  const { user = '', group = '', company = '', host = '' } = options
  return { user, group, company, host }
}

export function installationOf(text: string | undefined): Installation | undefined {
  if (text === undefined) return undefined
  const found = installations.find((each) => each === text)
  if (found === undefined) throw usage(`--installation: '${text}', expected ${installations.join(', ')}`)
  return found
}

export function productOf(flag: string, text: string): number {
  const product = wholeNumber(flag, text, 1, PRODUCT_MAX)
  if (product === undefined) throw usage(`${flag}: missing`)
  return product
}

export function unitsOf(text: string | undefined): number | undefined {
  return wholeNumber('--units', text, 1, UNITS_MAX)
}

/** A feature by name, a product by number. */
export function wantedOf(text: string): { readonly feature: string; readonly product: number } {
  return /^\d{1,9}$/.test(text) ? { feature: '', product: Number(text) } : { feature: text, product: 0 }
}

/** What lists of those who hold units can be narrowed to. */
export interface HolderOptions {
  readonly product?: string
  readonly user?: string
  readonly limit?: string
}

export function holdersWanted({ product, user }: HolderOptions): { product?: number; user?: string } {
  return {
    ...(product === undefined ? {} : { product: productOf('--product', product) }),
    ...(user === undefined ? {} : { user }),
  }
}
