/** Runs conformance scripts: `npm run conformance`. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runTool } from '@tranca/tool'
import { type Outcome, runScript, scriptsBelow } from './runner.ts'

const sharedScripts = fileURLToPath(new URL('../../../../../../shared/raft-conformance', import.meta.url))

const usage = `npm run conformance -- [--rewrite] [PATH...]
  PATH       scripts, or folders of them (default: ../shared/raft-conformance beside the project, if it is there)
  --rewrite  writes what was printed into the scripts`

function runScripts(given: readonly string[], rewrite: boolean): number {
  if (given.length === 0 && !existsSync(sharedScripts)) {
    console.log('no scripts: ../shared/raft-conformance is not there, and no folder was given')
    console.log('0 passed, 0 failed')
    return 0
  }
  let passed = 0
  let failed = 0
  for (const path of given.length === 0 ? [sharedScripts] : given.map(locate)) {
    if (!existsSync(path)) {
      failed++
      console.log(`FAIL ${path}: no such file or folder`)
      continue
    }
    for (const file of scriptsBelow(path)) {
      const outcome = runScript(file, { rewrite })
      if (outcome.ok) {
        passed++
      } else {
        failed++
        console.log(describe(file, outcome))
      }
    }
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

/** Paths count from where the user stands; npm moves to the repository's root before. */
function locate(path: string): string {
  const here = resolve(path)
  if (existsSync(here)) return here
  const origin = process.env.INIT_CWD
  return origin === undefined ? here : resolve(origin, path)
}

function describe(file: string, outcome: Outcome & { readonly ok: false }): string {
  if ('error' in outcome) return `FAIL ${file}: ${outcome.error}`
  const { line, command, difference } = outcome
  const text = (side: string | undefined) => side ?? '(nothing)'
  return `FAIL ${file}:${line} ${command}\n  want: ${text(difference.want)}\n  got:  ${text(difference.got)}`
}

await runTool({
  name: 'conformance',
  usage,
  options: { rewrite: { type: 'boolean', default: false } },
  takesNames: true,
  run: ({ rewrite }, paths) => runScripts(paths, rewrite),
})
