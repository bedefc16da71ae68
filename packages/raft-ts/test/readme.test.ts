import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

await t.test('the example in the README prints what the README says', async (t) => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, program = '', output] = /```js\n(.*?)```.*?```\n(.*?)```/s.exec(readme) ?? []
  // Inside of the package, so that its own name can be imported.
  const file = fileURLToPath(new URL('readme-example.mjs', import.meta.url))
  writeFileSync(file, program)
  t.teardown(() => rmSync(file))
  t.equal(execFileSync(process.execPath, [file], { encoding: 'utf8' }), output)
})
