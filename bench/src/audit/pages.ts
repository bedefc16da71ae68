import { limits } from '../limits.ts'

/** A whole list of the cluster, page by page. */
export async function pages<T, C extends string | number>(
  read: (after: C | undefined) => Promise<{ readonly items: readonly T[]; readonly next: C | undefined }>,
): Promise<T[]> {
  const all: T[] = []
  let after: C | undefined
  for (let page = 0; page < limits.pagesMax; page++) {
    const { items, next } = await read(after)
    all.push(...items)
    if (next === undefined) return all
    after = next
  }
  throw new RangeError(`a list has more than ${limits.pagesMax} pages`)
}

/** The field that asks for what comes after a page. */
export function from<C>(after: C | undefined): { readonly after?: C } {
  return after === undefined ? {} : { after }
}
