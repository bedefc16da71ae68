import { connect, openAdmin, RefusedError } from '@tranca/client'
import { addDays, checkLicense, dayOf, type LicenseKey } from '@tranca/license-key'
import type { LicensesPlan } from '../workload/workload.ts'
import type { VendorDesk } from './vendor-desk.ts'

/** A key that ends sooner is renewed: the validity does not change in the middle of a run. */
const daysLeftMin = 20

/**
 * Has a key for the workload's products in force, and the workload's rules: keeps the installed ones if they fit,
 * else installs a key with the next serial.
 */
export async function installLicenses(options: {
  readonly plan: LicensesPlan
  readonly desk: VendorDesk
  readonly addresses: readonly string[]
  readonly namespace: string
  readonly onEvent: (text: string) => void
}): Promise<void> {
  const { plan, desk, addresses, namespace, onEvent } = options
  const admin = openAdmin(addresses, { client: 'license-desk' })
  try {
    const { body } = await admin.request({ op: 'key.show' })
    const installed = body === '' ? undefined : checkLicense(JSON.parse(body), '')
    if (installed !== undefined && fits(installed, plan, Date.now())) {
      onEvent(`license key ${installed.serial} is installed, valid until ${installed.validUntil}`)
    } else {
      const result = await admin.request({ op: 'key.install', file: desk.issue(plan) })
      const products = plan.products.length
      onEvent(
        `tranca-vendor issued development key ${result.serial} for ${products} products; it is installed (${result.validity})`,
      )
    }
    const { version, rules } = await admin.request({ op: 'license.rulesGet' })
    if (JSON.stringify(rules) === JSON.stringify(plan.rules)) return
    const session = await connect({ addresses, namespace, client: 'license-desk' })
    try {
      await session.request({ op: 'license.rules', rules: plan.rules, version: version + 1 })
    } finally {
      await session.close()
    }
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    throw new Error(
      `the license key was not installed: ${error.message}; --fresh begins with an empty cluster`,
      {
        cause: error,
      },
    )
  } finally {
    await admin.close()
  }
}

/** Whether a key is for the plan's products, and valid for long enough. */
export function fits(key: LicenseKey, plan: LicensesPlan, nowMs: number): boolean {
  const today = dayOf(nowMs, key.utcOffsetMinutes)
  if (key.validFrom > today || key.validUntil < addDays(today, daysLeftMin)) return false
  if (key.products.length !== plan.products.length) return false
  return plan.products.every(({ id, quantity = 0, overdraft = 0 }) => {
    const product = key.products.find((each) => each.id === id)
    return product?.quantity === quantity && (product.overdraft ?? 0) === overdraft
  })
}
