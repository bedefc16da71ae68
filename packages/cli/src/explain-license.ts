import { formatDuration, formatMoment } from './durations.ts'
import { printable } from './table.ts'
import type { TextKey, Texts, TextValues } from './texts/index.ts'

type Fields = Readonly<Record<string, unknown>>

const HOLDERS_SHOWN = 3
const PRODUCTS_SHOWN = 6

/** What the detail of a refused license says, as the fields that its texts have. */
export function licenseFields(detail: Fields, texts: Texts): TextValues {
  const tried = listOf(detail.tried)
  const { product, value, limit, grant, feature } = detail
  const metric = typeof limit === 'number' ? `${product} ${value}/${limit}` : '-'
  // Whoever has a grant that is not the asker's is named in the detail itself.
  const holders = typeof detail.owner === 'string' ? [detail] : listOf(detail.holders)
  const names = tried.map((one) => textOf(one.name) || textOf(one.product))
  return {
    name: textOf(feature) || names[0] || textOf(product) || textOf(grant) || '?',
    products: tried.length === 0 ? metric : productsText(tried),
    rule: ruleText(detail.rule, texts),
    holders: licenseHoldersText(holders, texts),
    queued: typeof detail.queued === 'number' ? detail.queued : 0,
    earliest:
      typeof detail.earliestFreeMs === 'number'
        ? texts.get('say.earliest', { wait: formatDuration(detail.earliestFreeMs) })
        : '',
  }
}

/** Whether a refusal is one of a license. */
export function isLicenseDetail(detail: Fields): boolean {
  return Array.isArray(detail.tried) || 'grant' in detail || 'product' in detail || 'feature' in detail
}

function productsText(tried: readonly Fields[]): string {
  const shown = tried.slice(0, PRODUCTS_SHOWN).map((one) => {
    const { product, name, used, total, overdraft } = one
    const limit = Number(total) + Number(overdraft ?? 0)
    return printable(`${textOf(name) || '?'} (${textOf(product)}) ${textOf(used)}/${limit}`)
  })
  const more = tried.length - shown.length
  return more > 0 ? `${shown.join(', ')} +${more}` : shown.join(', ')
}

/** Who has the units, the first few by name. */
function licenseHoldersText(holders: readonly Fields[], texts: Texts): string {
  if (holders.length === 0) return texts.get('say.nobody')
  const shown = holders.slice(0, HOLDERS_SHOWN).map((holder) =>
    // A named user who is not here, a unit that is borrowed or lingers: only the consumer is known.
    texts.get(holder.session === 0 ? 'say.licenseHolderAway' : 'say.licenseHolder', {
      user: printable(textOf(holder.user) || textOf(holder.owner) || '?'),
      owner: printable(textOf(holder.owner)),
      client: printable(textOf(holder.client) || '?'),
      session: textOf(holder.session),
      since: typeof holder.sinceMs === 'number' ? formatMoment(holder.sinceMs) : '?',
    }),
  )
  const more = holders.length - shown.length
  return more > 0 ? `${shown.join(', ')} +${more}` : shown.join(', ')
}

/** `max 10 for host integration (product 4001)`. */
export function ruleText(rule: unknown, texts: Texts): string {
  if (typeof rule !== 'object' || rule === null) return '-'
  const { kind, product, subject, amount, ms } = rule as Fields
  const { type, value } = (subject ?? {}) as Fields
  const measure =
    typeof amount === 'number' ? ` ${amount}` : typeof ms === 'number' ? ` ${formatDuration(ms)}` : ''
  const key = product === 0 || product === undefined ? 'say.rule' : 'say.ruleOf'
  return texts.get(key as TextKey, {
    kind: `${textOf(kind)}${measure}`,
    subject: printable(`${texts.find(`word.${textOf(type)}`) ?? textOf(type)} ${textOf(value)}`.trim()),
    product: textOf(product),
  })
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? (value as Fields[]) : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
