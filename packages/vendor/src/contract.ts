import type { Day, LicenseKey, Product } from '@tranca/license-key'
import { type Refusal, refuse } from './refusal.ts'
import type { Contract, Register } from './register.ts'

/** The counted products: what several installations must share. */
export function contractOf(
  contractId: string,
  customer: LicenseKey['customer'],
  products: readonly Product[],
): Contract {
  const counted = products.filter((product) => product.nature !== 'enabling')
  return { id: contractId, customer, products: counted.map(({ id, quantity }) => ({ id, quantity })) }
}

/**
 * Whether new licenses, together with those of the contract's other installations that are still valid,
 * stay within the contract.
 */
export function exceedsContract(
  register: Register,
  contract: Contract,
  licenses: readonly LicenseKey[],
  today: Day,
): Refusal | undefined {
  const issuing = new Set(licenses.map((license) => license.installationId))
  const others = register.installations.filter(
    (each) => each.contractId === contract.id && !issuing.has(each.id) && each.license.validUntil >= today,
  )
  const limits = new Map(contract.products.map((product) => [product.id, product.quantity]))
  const all = [...licenses, ...others.map((each) => each.license)]
  const counted = all.flatMap((license) => license.products).filter((each) => each.nature !== 'enabling')
  for (const product of new Set(counted.map((each) => each.id))) {
    const sum = quantityIn(all, product)
    const limit = limits.get(product) ?? 0
    if (sum <= limit) continue
    const held = others.filter((each) => quantityIn([each.license], product) > 0)
    const who = held.map((each) => `${each.id} ${quantityIn([each.license], product)}`).join(', ')
    return refuse('contractExceeded', {
      field: `product ${product}`,
      value: String(sum),
      expected: `at most ${limit}, as contract ${contract.id} says${who === '' ? '' : `; held elsewhere: ${who}`}`,
    })
  }
  return undefined
}

function quantityIn(licenses: readonly LicenseKey[], product: number): number {
  return licenses
    .flatMap((license) => license.products)
    .filter((each) => each.id === product)
    .reduce((sum, each) => sum + each.quantity, 0)
}
