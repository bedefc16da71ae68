import { readFileSync } from 'node:fs'
import { runTool, UsageError } from '@tranca/tool'
import { explain } from './explain.ts'
import { checkHistory, parseHistory } from './index.ts'

const usage = `npm run check-history -- FILE...

Decides for each recorded history whether a correct service could have given its answers.
Prints one line a file: FILE: ok, violation (and why), malformed (and where), or undecided.

exit codes: 0 all ok; 1 at least one violation; 2 none, but a file is malformed, cannot be read or
is undecided; 64 wrong usage`

const counts = { ok: 0, violation: 0, malformed: 0, undecided: 0 }

/** The verdict on one file, with its reasons. */
function check(path: string): readonly [keyof typeof counts, string] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    return ['malformed', ` (${error instanceof Error ? error.message : String(error)})`]
  }
  const parsed = parseHistory(text)
  if (!parsed.ok) return ['malformed', ` (line ${parsed.line}: expected ${parsed.expected})`]
  const verdict = checkHistory(parsed.operations)
  switch (verdict.verdict) {
    case 'ok':
      return ['ok', ` (${verdict.operations} operations on ${verdict.objects} objects)`]
    case 'violation':
      return ['violation', `\n${verdict.findings.map((finding) => explain(finding)).join('\n')}`]
    case 'undecided':
      return ['undecided', ` (too many possibilities for ${verdict.objects.join(', ')})`]
  }
}

await runTool({
  name: 'check-history',
  usage,
  usageCode: 64,
  options: {},
  takesNames: true,
  run(_, paths) {
    if (paths.length === 0) throw new UsageError('no file is named')
    for (const path of paths) {
      const [verdict, why] = check(path)
      counts[verdict]++
      process.stdout.write(`${path}: ${verdict}${why}\n`)
    }
    const { ok, violation, malformed, undecided } = counts
    process.stdout.write(
      `${paths.length} files: ${ok} ok, ${violation} violation, ${malformed} malformed, ${undecided} undecided\n`,
    )
    return violation > 0 ? 1 : malformed + undecided > 0 ? 2 : 0
  },
})
