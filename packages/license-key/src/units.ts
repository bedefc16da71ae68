import type { Product } from './license.ts'

export const installationTypes = ['production', 'homologation', 'development'] as const
export type InstallationType = (typeof installationTypes)[number]

/**
 * Units (for `onDemand`: the metric's limit) in force in one type of installation, overdraft included.
 * Homologation gets the same as production; `enabling` has none to count.
 */
export function unitsInForce(product: Product, installation: InstallationType): number {
  const { quantity, distribution, overdraft = 0 } = product
  if (product.nature === 'enabling') return 0
  if (distribution === undefined) return installation === 'development' ? 0 : quantity + overdraft
  const units = installation === 'development' ? distribution.development : distribution.production
  // A type that was given nothing does not open through its overdraft.
  return units === 0 ? 0 : units + overdraft
}
