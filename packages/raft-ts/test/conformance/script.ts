/** One argument of a command: `key`, `key=value` or `key=(a,b)`. */
export interface Arg {
  readonly key: string
  readonly values: readonly string[]
}

/** One command of a script with its expected output. */
export interface Directive {
  /** Of the command in its file, from 1. */
  readonly line: number
  readonly command: string
  readonly args: readonly Arg[]
  readonly input: readonly string[]
  readonly expected: readonly string[]
  /** Everything from the end of the directive before up to the separator: kept by a rewrite. */
  readonly head: readonly string[]
}

/** A script and what stands after its last command. */
export interface Script {
  readonly directives: readonly Directive[]
  readonly tail: readonly string[]
}

const SEPARATOR = '----'

/**
 * Reads a script: a command, optional lines of input, `----`, the expected output up to an empty line; or
 * between doubled separators when the output itself has empty lines. `#` starts a comment.
 */
export function parseScript(text: string): Script {
  const lines = text.split('\n')
  const directives: Directive[] = []
  let at = 0
  let headFrom = 0
  while (at < lines.length) {
    const line = lines[at]!
    if (line.trim() === '' || line.startsWith('#')) {
      at++
      continue
    }
    const number = at + 1
    let command = line
    while (command.endsWith('\\') && at + 1 < lines.length)
      command = command.slice(0, -1) + lines[++at]!.trim()
    at++
    const inputFrom = at
    while (at < lines.length && lines[at] !== SEPARATOR) at++
    if (at === lines.length) throw new Error(`line ${number}: no ${SEPARATOR} after ${command}`)
    const input = lines.slice(inputFrom, at)
    at++
    const head = lines.slice(headFrom, at)
    const expected: string[] = []
    if (lines[at] === SEPARATOR) {
      at++
      while (at < lines.length && !(lines[at] === SEPARATOR && lines[at + 1] === SEPARATOR))
        expected.push(lines[at++]!)
      at += 2
    } else {
      while (at < lines.length && lines[at] !== '') expected.push(lines[at++]!)
    }
    headFrom = at
    directives.push({ line: number, ...parseCommand(command), input, expected, head })
  }
  return { directives, tail: lines.slice(Math.min(headFrom, lines.length)) }
}

export function parseCommand(text: string): { readonly command: string; readonly args: readonly Arg[] } {
  const [, command = '', rest = ''] = /^\s*(\S+)\s*(.*)$/.exec(text) ?? []
  const args: Arg[] = []
  for (const [, key = '', value] of rest.matchAll(/([^\s=()]+)(?:=(\([^)]*\)|\S*))?/g)) {
    if (value === undefined) args.push({ key, values: [] })
    else if (value.startsWith('('))
      args.push({
        key,
        values: value
          .slice(1, -1)
          .split(/[,\s]+/)
          .filter((item) => item !== ''),
      })
    else args.push({ key, values: [value] })
  }
  return { command, args }
}

/** The script with other outputs. */
export function writeScript(script: Script, outputs: readonly (readonly string[])[]): string {
  const lines: string[] = []
  for (const [i, { head }] of script.directives.entries()) {
    const output = outputs[i] ?? []
    lines.push(...head)
    if (output.includes('')) lines.push(SEPARATOR, ...output, SEPARATOR, SEPARATOR)
    else lines.push(...output)
  }
  return [...lines, ...script.tail].join('\n')
}

const LOG_LINE = /^\s*(DEBUG|INFO|WARN|ERROR|FATAL) /

/** What is compared of an output: no log lines, and "ok" is nothing. */
export function semantic(output: readonly string[]): readonly string[] {
  const lines = output.filter((line) => !LOG_LINE.test(line)).map((line) => line.trimEnd())
  return lines.length === 1 && lines[0] === 'ok' ? [] : lines
}

export interface Difference {
  readonly want: string | undefined
  readonly got: string | undefined
}

/** The first line in which two outputs differ; undefined when they agree. */
export function firstDifference(want: readonly string[], got: readonly string[]): Difference | undefined {
  const wanted = semantic(want)
  const gotten = semantic(got)
  const count = Math.max(wanted.length, gotten.length)
  for (let i = 0; i < count; i++) {
    if (wanted[i] !== gotten[i]) return { want: wanted[i], got: gotten[i] }
  }
  return undefined
}
