/**
 * One bug at a time, and who catches it: see README.md. A program, `npm run mutants`; its parts are here.
 *
 * @example
 * import { mutants, mutate } from '@tranca/mutants'
 *
 * const withBug = mutate(mutants[0]!, source)
 */
export { mutants } from './catalog/all.ts'
export { type Catcher, type Mutant, mutate } from './mutant.ts'
