import type { Integer, Json, Operation } from '../operation.ts'
import type { Parsed } from './parsed.ts'

/** `INFO  jepsen.util - 3 :ok :read 2`: process, type, function, value. */
const entry = /jepsen\.util - (\S+)\s+:(\w+)\s+:([\w-]+)\s+(.*?)\s*$/
const types = new Set(['invoke', 'ok', 'fail', 'info'])

interface Invocation {
  readonly op: string
  readonly args: { readonly [key: string]: Json }
  readonly line: number
}

export function isJepsenLog(lines: readonly string[]): boolean {
  return lines.some((line) => line.includes('jepsen.util - '))
}

/**
 * The log of a Jepsen test with one register: reads, writes, compare-and-set. Times are line numbers, for such a log
 * is written in the order of events. `info` is an unknown outcome; a compare-and-set that failed has seen another
 * value; any other failure had no effect.
 */
export function readJepsenLog(lines: readonly string[]): Parsed {
  const operations: Operation[] = []
  const open = new Map<string, Invocation>()
  for (const [index, text] of lines.entries()) {
    if (!text.includes('jepsen.util - ')) continue
    const line = index + 1
    const [, process, type, name, value] = entry.exec(text) ?? []
    if (process === undefined || type === undefined || name === undefined || value === undefined)
      return wrong(line, 'process, :type, :function and value')
    if (process === ':nemesis') continue
    if (!types.has(type)) return wrong(line, ':invoke, :ok, :fail or :info')
    const invocation = open.get(process)
    if (type === 'invoke') {
      if (invocation !== undefined)
        return wrong(line, `an answer to line ${invocation.line} before another call`)
      const args = argumentsOf(name, value)
      if (args === undefined) return wrong(line, ':read nil, :write N or :cas [N N]')
      open.set(process, { op: `register.${name}`, args, line })
      continue
    }
    if (invocation === undefined) return wrong(line, `an answer to an open call of process ${process}`)
    if (invocation.op !== `register.${name}`) return wrong(line, `an answer to line ${invocation.line}`)
    open.delete(process)
    const answered = answer(type, invocation.op, value)
    if (answered === undefined) return wrong(line, 'the value that was read: nil or an integer')
    operations.push(operationOf(process, invocation, answered, line))
  }
  for (const [process, invocation] of open)
    operations.push(operationOf(process, invocation, { status: 'unknown', ret: null }))
  return { ok: true, operations }
}

function argumentsOf(name: string, value: string): Invocation['args'] | undefined {
  if (name === 'read') return {}
  if (name === 'write') {
    const number = integer(value)
    return number === undefined ? undefined : { value: number }
  }
  const [, from, to] = /^\[(\S+)\s+(\S+)\]$/.exec(value) ?? []
  if (name !== 'cas' || from === undefined || to === undefined) return undefined
  const [expected, wanted] = [integer(from), integer(to)]
  return expected === undefined || wanted === undefined ? undefined : { from: expected, to: wanted }
}

function answer(type: string, op: string, value: string): Pick<Operation, 'status' | 'ret'> | undefined {
  if (type === 'info') return { status: 'unknown', ret: null }
  const compared = op === 'register.cas' && value.startsWith('[')
  if (type === 'fail') return compared ? { status: 'ok', ret: { ok: false } } : { status: 'fail', ret: null }
  if (op !== 'register.read') return { status: 'ok', ret: { ok: true } }
  const read = value === 'nil' ? null : integer(value)
  return read === undefined ? undefined : { status: 'ok', ret: { value: read } }
}

function operationOf(
  client: string,
  { op, args, line }: Invocation,
  answered: Pick<Operation, 'status' | 'ret'>,
  returned?: number,
): Operation {
  return {
    client,
    op,
    args,
    ...answered,
    callNs: BigInt(line),
    ...(answered.status === 'ok' && returned !== undefined ? { returnNs: BigInt(returned) } : {}),
    line,
  }
}

function integer(text: string): Integer | undefined {
  if (!/^-?\d+$/.test(text)) return undefined
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

function wrong(line: number, expected: string): Parsed {
  return { ok: false, line, expected }
}
