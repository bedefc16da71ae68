/** A program as small as can be; the tests start it. */
import { runTool, UsageError, wholeNumber } from '../src/index.ts'

await runTool({
  name: 'greet',
  usage: 'npm run greet -- NAME... [--times N] [--fail]',
  options: { times: { type: 'string', default: '1' }, fail: { type: 'boolean', default: false } },
  takesNames: true,
  usageCode: 64,
  async run({ times, fail }, names) {
    if (names.length === 0) throw new UsageError('nobody is named')
    if (fail) throw new Error('no voice')
    const greeting = 'hello '.repeat(wholeNumber('--times', times, 1, 3))
    for (const name of names) console.log(`${greeting}${name}`)
    return names.includes('nobody') ? 1 : 0
  },
})
