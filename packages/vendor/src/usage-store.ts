import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { UsageDay } from '@tranca/license-key'
import { MODE_SECRET, parseJson, readText, writeAtomic } from './files.ts'
import { USAGE_DAYS_MAX, USAGE_FILE_SIZE_MAX } from './limits.ts'

const DAY_MS = 86_400_000

/**
 * Keeps what installations send of their usage: a file for each, `<installation id>.usage.json`, a list of rows by
 * day and product. What is sent again replaces itself, so a repeated request changes nothing; days of the future,
 * of long ago and products that the installation does not have are left out, so nobody can fill the disk.
 */
export function storeUsage(
  directory: string,
  installationId: string,
  usage: readonly UsageDay[],
  { nowMs, products }: { readonly nowMs: number; readonly products: ReadonlySet<number> },
): void {
  const file = join(directory, `${installationId}.usage.json`)
  const first = dayOf(nowMs - USAGE_DAYS_MAX * DAY_MS)
  const last = dayOf(nowMs + DAY_MS)
  const rows = new Map<string, UsageDay>()
  const known = existsSync(file)
    ? (parseJson(readText(file, { sizeMax: USAGE_FILE_SIZE_MAX })) as readonly UsageDay[])
    : []
  for (const row of known) if (row.day >= first) rows.set(keyOf(row), row)
  for (const row of usage) {
    if (row.day >= first && row.day <= last && products.has(row.product)) rows.set(keyOf(row), row)
  }
  const list = [...rows.values()].sort((a, b) =>
    a.day < b.day ? -1 : a.day > b.day ? 1 : a.product - b.product,
  )
  writeAtomic(file, `${JSON.stringify(list, null, 1)}\n`, MODE_SECRET)
}

function keyOf({ day, product }: UsageDay): string {
  return `${day} ${product}`
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
