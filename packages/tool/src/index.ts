/**
 * The frame of the repository's own programs: `npm run simulate`, `fuzz` and the like.
 *
 * @example
 * await runTool({
 *   name: 'greet',
 *   usage: 'npm run greet -- NAME... [--times N]',
 *   options: { times: { type: 'string', default: '1' } },
 *   takesNames: true,
 *   run({ times }, names) {
 *     if (names.length === 0) throw new UsageError('nobody is named')
 *     const greeting = 'hello '.repeat(wholeNumber('--times', times, 1, 10))
 *     for (const name of names) console.log(greeting + name)
 *     return 0
 *   },
 * })
 */
export { type ArgumentRules, readArguments } from './arguments.ts'
export { number, wholeNumber } from './numbers.ts'
export { checkWritable, makeFolder } from './output-file.ts'
export { runTool, type Tool } from './run.ts'
export { told } from './told.ts'
export { UsageError } from './usage-error.ts'
