import { NAME_LENGTH_MAX } from './limits.ts'

// Names live in their namespace: every table is keyed by `namespace \0 name`. A namespace holds no \0,
// so the first \0 parts the two again, whatever the name is made of.

export function nameKey(namespace: string, name: string): string {
  return `${namespace}\0${name}`
}

export function nameOf(key: string): string {
  return key.slice(key.indexOf('\0') + 1)
}

/** The border counts bytes; here only what would bloat the state is refused. */
export function isName(name: string): boolean {
  return typeof name === 'string' && name.length > 0 && name.length <= NAME_LENGTH_MAX
}

/** An owner may be the empty string: the process itself. */
export function isOwner(owner: string): boolean {
  return typeof owner === 'string' && owner.length <= NAME_LENGTH_MAX
}

export const NAME_EXPECTED = `1 to ${NAME_LENGTH_MAX} characters`
export const OWNER_EXPECTED = `0 to ${NAME_LENGTH_MAX} characters`

/**
 * The names of `keys` that lie in `namespace`, begin with `prefix` and come after `after`, in code-unit
 * order, at most `limit`; `next` is set when more follow.
 */
export function page(
  keys: Iterable<string>,
  namespace: string,
  prefix: string,
  after: string | undefined,
  limit: number,
): { readonly keys: readonly string[]; readonly next: string | undefined } {
  const begin = nameKey(namespace, prefix)
  const afterKey = after === undefined ? undefined : nameKey(namespace, after)
  const found: string[] = []
  for (const key of keys) {
    if (key.startsWith(begin) && (afterKey === undefined || key > afterKey)) found.push(key)
  }
  found.sort(byCodeUnits)
  if (found.length <= limit) return { keys: found, next: undefined }
  const cut = found.slice(0, limit)
  return { keys: cut, next: nameOf(cut[cut.length - 1]!) }
}

export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
