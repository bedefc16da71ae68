import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { runScript, scriptsBelow } from './conformance/runner.ts'
import { parseScript, writeScript } from './conformance/script.ts'

const own = fileURLToPath(new URL('../../testdata', import.meta.url))
const shared = fileURLToPath(new URL('../../../../../shared/raft-conformance', import.meta.url))

await t.test('our own scripts print what they say', async (t) => {
  const scripts = scriptsBelow(own)
  t.ok(scripts.length > 0)
  for (const path of scripts) t.same(runScript(path), { ok: true }, basename(path))
})

await t.test(
  'the shared scripts print what they say',
  { skip: existsSync(shared) ? false : 'no ../shared/raft-conformance beside the project' },
  async (t) => {
    for (const path of scriptsBelow(shared)) t.same(runScript(path), { ok: true }, basename(path))
  },
)

await t.test('a difference names its line and both sides', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'wrong.txt')
  writeFileSync(path, 'vote cfg=(1) votes=(y)\n----\nVoteLost\n')
  t.same(runScript(path), {
    ok: false,
    line: 1,
    command: 'vote',
    difference: { want: 'VoteLost', got: 'VoteWon' },
  })
  t.same(runScript(path, { rewrite: true }), { ok: true })
  t.equal(readFileSync(path, 'utf8'), 'vote cfg=(1) votes=(y)\n----\nVoteWon\n')
})

await t.test('a script is written back as it was read', async (t) => {
  for (const path of scriptsBelow(own)) {
    const text = readFileSync(path, 'utf8')
    const script = parseScript(text)
    t.equal(
      writeScript(
        script,
        script.directives.map(({ expected }) => expected),
      ),
      text,
      basename(path),
    )
  }
})
