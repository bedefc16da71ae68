/**
 * What can catch a mutant: `table:ROOM/FILE` (a test file of a package), `explorer:WORLD`, `conformance`
 * (the given scripts), `simulator`.
 */
export type Catcher = `table:${string}/${string}` | `explorer:${string}` | 'conformance' | 'simulator'

/** One bug, as one edit of the product's source. */
export interface Mutant {
  readonly id: string
  /** The bug in words. */
  readonly bug: string
  /** The source file, from the repository's root. */
  readonly file: string
  /** Occurs exactly once in the file; else the mutant no longer applies, and fails. */
  readonly find: string
  readonly replace: string
  /** Who is expected to catch it, the cheapest first. */
  readonly catchers: readonly Catcher[]
}

/** The source with the bug in it. @throws when the place for it is not there exactly once */
export function mutate(mutant: Mutant, source: string): string {
  const count = source.split(mutant.find).length - 1
  if (count !== 1)
    throw new Error(
      `no longer applies: ${JSON.stringify(mutant.find)} occurs ${count} times in ${mutant.file}, expected once`,
    )
  return source.replace(mutant.find, () => mutant.replace)
}
