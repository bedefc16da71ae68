import { usage } from './errors.ts'

const PAGE_SIZE = 500
const DEFAULT_LIMIT = 1_000

export function rowLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT
  if (!/^\d{1,7}$/.test(text) || Number(text) < 1)
    throw usage(`--limit: '${text}' is not a number from 1 to 9999999`)
  return Number(text)
}

/** Reads pages until there are no more, or `limit` rows are there. */
export async function collect<T, C>(
  limit: number,
  page: (
    after: C | undefined,
    size: number,
  ) => Promise<{ readonly rows: readonly T[]; readonly next?: C | undefined }>,
): Promise<{ readonly rows: readonly T[]; readonly more: boolean }> {
  const rows: T[] = []
  let after: C | undefined
  for (;;) {
    const found = await page(after, Math.min(PAGE_SIZE, limit - rows.length))
    rows.push(...found.rows)
    after = found.next
    if (after === undefined) return { rows, more: false }
    if (rows.length >= limit) return { rows, more: true }
  }
}
