import type { ResultOf } from '@tranca/client'
import { diffKeys, type FieldChange, type KeyBody } from '@tranca/license-key'
import type { Context } from '../context.ts'

/** Longer values are cut: a list of clones or hosts says nothing in one line. */
const VALUE_MAX = 60

/** A key that is about to be installed. */
export interface KeyNews {
  /** What the cluster says of it. */
  readonly preview: ResultOf<'key.install'>
  /** The installed one. */
  readonly before: KeyBody | undefined
  readonly body: KeyBody
}

/** Says what it would change: products, what falls below its use, each field, and the validity. */
export function sayChanges(context: Context, news: KeyNews): void {
  const { out, texts } = context
  const { added, removed, changed, reducedBelowUse, validity } = news.preview
  const names = namesOf(news)
  const listed = (products: readonly number[]) =>
    products.map((product) => `${product} ${names.get(product) ?? ''}`.trim()).join(', ')
  const lines = [
    ['say.keyAdded', added],
    ['say.keyRemoved', removed],
    ['say.keyChanged', changed],
  ] as const
  for (const [key, products] of lines) {
    if (products.length > 0) out.line(texts.get(key, { products: listed(products) }))
  }
  for (const { product, installation, used, total } of reducedBelowUse) {
    const values = { product: listed([product]), installation: out.word(installation), used, total }
    out.line(texts.get('say.keyReduced', values))
  }
  if (added.length + removed.length + changed.length + reducedBelowUse.length === 0) {
    out.line(texts.get('say.keySame'))
  }
  for (const line of fieldLines(news)) out.line(`  ${line}`)
  out.line(texts.get('say.keyThen', { state: out.word(validity) }))
}

function namesOf({ before, body }: KeyNews): ReadonlyMap<number, string> {
  const products = [before, body].flatMap((each) => (each?.kind === 'license' ? each.products : []))
  return new Map(products.map(({ id, name }) => [id, name]))
}

/** `4000 quantity: 10 -> 5`; an emergency key has nothing to compare. */
function fieldLines({ before, body }: KeyNews): string[] {
  if (before?.kind !== 'license' || body.kind !== 'license') return []
  const { changed, features, general } = diffKeys(before, body, [])
  return [
    ...changed.map((each) => lineOf(`${each.product} ${each.field}`, each)),
    ...features.added.map((id) =>
      lineOf(`feature ${id}`, { to: body.features.find((each) => each.id === id)!.name }),
    ),
    ...features.removed.map((id) => lineOf(`feature ${id}`, { from: id })),
    ...features.changed.map((each) => lineOf(`feature ${each.feature} ${each.field}`, each)),
    ...general.map((each) => lineOf(each.field, each)),
  ]
}

function lineOf(what: string, { from, to }: Pick<FieldChange, 'from' | 'to'>): string {
  return `${what}: ${shown(from)} -> ${shown(to)}`
}

/** Canonical JSON without the quotes of a text. */
function shown(value: string | undefined): string {
  if (value === undefined) return '-'
  const text = value.replace(/^"(.*)"$/, '$1')
  return text.length > VALUE_MAX ? `${text.slice(0, VALUE_MAX)}...` : text
}
