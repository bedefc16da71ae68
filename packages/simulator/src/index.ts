/**
 * The shipping code of a whole cluster and its clients in one process, in virtual time, with everything going
 * wrong that one number decides.
 *
 * @example
 * const { failure, hash } = await runSeed({ seed: 7 })
 * if (failure !== undefined) console.log(failure)
 */
export { type RunOptions, runSeed, type Verdict } from './run.ts'
