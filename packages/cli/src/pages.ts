import { wholeNumber } from './numbers.ts'

const PAGE_SIZE = 500
const DEFAULT_LIMIT = 1_000
const LIMIT_MAX = 9_999_999

export function rowLimit(text: string | undefined): number {
  return wholeNumber('--limit', text, 1, LIMIT_MAX) ?? DEFAULT_LIMIT
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
