import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Catcher } from './mutant.ts'

export type Outcome =
  | { readonly kind: 'green' }
  | { readonly kind: 'red'; readonly by: string; readonly output: string }
  /** No end in the time that is more than enough for a green run. */
  | { readonly kind: 'hung' }
  /** What it needs is not there. */
  | { readonly kind: 'missing'; readonly what: string }

export type Run = Outcome & { readonly seconds: number }

export interface RunOptions {
  readonly limitMs: number
  /** Seeds of the simulator: 1 up to this. */
  readonly seeds: number
}

/** Runs a catcher in a copy of the product. */
export async function runCatcher(root: string, catcher: Catcher, options: RunOptions): Promise<Run> {
  if (catcher === 'conformance' && !existsSync(join(root, '..', 'shared', 'raft-conformance')))
    return { kind: 'missing', what: '../shared/raft-conformance', seconds: 0 }
  const args = argumentsOf(catcher, options)
  const started = performance.now()
  const end = await execute(root, args, options.limitMs)
  const seconds = (performance.now() - started) / 1000
  if (end.kind !== 'ended') return { kind: 'hung', seconds }
  if (end.code === 0) return { kind: 'green', seconds }
  // Where the copy lies is of no interest, and another place each time.
  const output = end.output.replaceAll(`${join(root, '..')}/`, '')
  return { kind: 'red', by: firstFailure(catcher, output), output, seconds }
}

function argumentsOf(catcher: Catcher, { seeds }: RunOptions): string[] {
  const [means, what = ''] = catcher.split(':')
  switch (means) {
    case 'table': {
      const [room, file] = what.split('/')
      return ['--test', `packages/${room}/dist/test/${file}.test.js`]
    }
    case 'explorer':
      return ['packages/raft-ts/dist/test/explorer/main.js', '--world', what]
    case 'conformance':
      return ['packages/raft-ts/dist/test/conformance/main.js']
    case 'simulator':
      return ['packages/simulator/dist/src/main.js', '--jobs', '1', '--seeds', `1..${seeds}`]
    default:
      throw new Error(`catcher ${catcher}: expected table, explorer, conformance or simulator`)
  }
}

type End =
  | { readonly kind: 'ended'; readonly code: number; readonly output: string }
  | { readonly kind: 'killed' }

/** Enough to find the first failure in; a mutant may talk without end. */
const OUTPUT_MAX = 4_000_000

function execute(root: string, args: readonly string[], limitMs: number): Promise<End> {
  return new Promise((resolve, reject) => {
    const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env
    // A group of its own, so that what it started can be stopped with it.
    const child = spawn(process.execPath, args, {
      cwd: root,
      // What draws at random draws the same each time, so that a verdict can be had again.
      env: { TRANCA_SEED: '1', ...env, NO_COLOR: '1', CI: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    const listen = (piece: string) => {
      if (output.length < OUTPUT_MAX) output += piece
    }
    child.stdout.setEncoding('utf8').on('data', listen)
    child.stderr.setEncoding('utf8').on('data', listen)
    let killed = false
    const timer = setTimeout(() => {
      killed = true
      stopGroup(child.pid)
    }, limitMs)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve(killed ? { kind: 'killed' } : { kind: 'ended', code: code ?? 1, output })
    })
  })
}

function stopGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}

/** The test, script, truth or seed that was the first to say no. */
function firstFailure(catcher: Catcher, output: string): string {
  const lines = output.split('\n')
  if (catcher.startsWith('table:')) {
    const test = lines.find((line) => line.startsWith('not ok '))
    return test?.replace(/^not ok \d+ - /, '').trim() ?? lastLine(lines)
  }
  const at = lines.findIndex((line) => line.startsWith('FAIL') || /fail/i.test(line))
  if (at < 0) return lastLine(lines)
  // The explorer tells the truth that was broken in the line after.
  const line = catcher.startsWith('explorer:') ? (lines[at + 1] ?? '') : lines[at]!
  return line.trim().slice(0, 160)
}

function lastLine(lines: readonly string[]): string {
  return (lines.filter((line) => line.trim() !== '').at(-1) ?? 'no output').slice(0, 160)
}
