import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { confChangeCommands, confChangeRunner } from './confchange.ts'
import { interactionCommands, interactionRunner } from './interaction.ts'
import { quorumCommands, quorumRunner } from './quorum.ts'
import {
  type Difference,
  type Directive,
  firstDifference,
  parseScript,
  type Script,
  semantic,
  writeScript,
} from './script.ts'

export type Outcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly line: number; readonly command: string; readonly difference: Difference }
  | { readonly ok: false; readonly error: string }

/** All scripts (`*.txt`) at or below a path, in the order of their names. */
export function scriptsBelow(path: string): string[] {
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((item) => {
      const below = join(path, item.name)
      if (item.isDirectory()) return scriptsBelow(below)
      return item.isFile() && item.name.endsWith('.txt') ? [below] : []
    })
}

/** What a script prints, or where that differs from what it expects. `rewrite` puts it into the file. */
export function runScript(path: string, options: { readonly rewrite?: boolean } = {}): Outcome {
  let script: Script
  const outputs: string[][] = []
  try {
    script = parseScript(readFileSync(path, 'utf8'))
    const run = runnerFor(script.directives)
    for (const directive of script.directives) {
      const output = runOne(run, directive)
      outputs.push(output)
      if (options.rewrite) continue
      const difference = firstDifference(directive.expected, output)
      if (difference !== undefined)
        return { ok: false, line: directive.line, command: directive.command, difference }
    }
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) }
  }
  if (options.rewrite) {
    const kept = outputs.map((output) => (semantic(output).length === 0 ? ['ok'] : output))
    writeFileSync(path, writeScript(script, kept))
  }
  return { ok: true }
}

function runOne(run: (directive: Directive) => string[], directive: Directive): string[] {
  try {
    return run(directive)
  } catch (error) {
    // A broken invariant: name the place, the rest of the file makes no sense any more.
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`line ${directive.line}, ${directive.command}: ${reason}`, { cause: error })
  }
}

/** Kinds of scripts are told apart by their commands. */
function runnerFor(directives: readonly Directive[]): (directive: Directive) => string[] {
  const uses = (commands: ReadonlySet<string>) => directives.some(({ command }) => commands.has(command))
  if (uses(interactionCommands)) return interactionRunner()
  if (uses(quorumCommands)) return quorumRunner()
  if (uses(confChangeCommands)) return confChangeRunner()
  throw new Error(`no known command in ${directives.length} directives`)
}
