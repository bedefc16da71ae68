import type { openAdmin } from '@tranca/client'
import { checkLicense, type LicenseKey } from '@tranca/license-key'
import { limits } from '../limits.ts'
import { from, pages } from './pages.ts'
import type { ConsumerPart, LicenseState } from './state.ts'

type Admin = ReturnType<typeof openAdmin>

/** `undefined` if no license key is installed. */
export async function licenseState(admin: Admin, usageFromMs: number): Promise<LicenseState | undefined> {
  const { body } = await admin.request({ op: 'key.show' })
  if (body === '') return undefined
  const key = checkLicense(JSON.parse(body), '')
  const { products } = await admin.request({ op: 'license.list', installation: 'production' })
  const grants = await pages(async (after: number | undefined) => {
    const page = await admin.request({ op: 'license.grants', limit: limits.page, ...from(after) })
    return { items: page.grants, next: page.next }
  })
  const usage = await pages(async (after: string | undefined) => {
    const range = { fromMs: usageFromMs, toMs: Number.MAX_SAFE_INTEGER }
    const page = await admin.request({
      op: 'license.usage',
      by: 'product',
      ...range,
      limit: limits.page,
      ...from(after),
    })
    return { items: page.rows, next: page.next }
  })
  return {
    serial: key.serial,
    products: products.map(({ product, name, nature, total, overdraft, used, ...more }) => ({
      product,
      name,
      nature,
      total,
      overdraft,
      used,
      kept: more.lingering + more.assigned + more.borrowed,
      consumerKey: consumerKeyOf(key, product),
    })),
    grants: grants.map(({ grant, product, session, owner }) => ({ grant, product, session, owner })),
    usageFromMs,
    usage: usage.map(({ key: product, checkouts, peak, denials }) => {
      return { product: Number(product), checkouts, peak, denials: { ...denials } }
    }),
  }
}

/** Domain section 2; of natures that say it by themselves the key need not. */
function consumerKeyOf(key: LicenseKey, id: number): readonly ConsumerPart[] {
  const product = key.products.find((each) => each.id === id)
  if (product?.consumerKey !== undefined) return product.consumerKey
  if (product?.nature === 'processing') return ['host']
  return product?.nature === 'named' ? ['user'] : ['user', 'group']
}
