import type { Json, Operation } from '../operation.ts'
import { complaintAbout } from '../vocabulary.ts'
import { parseExact, writeExact } from './exact-json.ts'
import type { Parsed } from './parsed.ts'

const statuses = new Set(['ok', 'unknown', 'fail'])

type Line =
  | { readonly ok: true; readonly operation: Operation }
  | { readonly ok: false; readonly expected: string }

export function readJsonLines(lines: readonly string[]): Parsed {
  const operations: Operation[] = []
  for (const [index, text] of lines.entries()) {
    const trimmed = text.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const read = readLine(trimmed, index + 1)
    if (!read.ok) return { ok: false, line: index + 1, expected: read.expected }
    operations.push(read.operation)
  }
  return { ok: true, operations }
}

function readLine(text: string, line: number): Line {
  let value: Json
  try {
    value = parseExact(text)
  } catch (error) {
    return wrong(`one JSON object (${error instanceof Error ? error.message : String(error)})`)
  }
  if (!isObject(value)) return wrong('one JSON object')
  const { client, op, args = {}, ret = null, status } = value
  if (typeof client !== 'string' && typeof client !== 'number') return wrong('client: a string')
  if (typeof op !== 'string') return wrong('op: a string such as "lock.acquire"')
  if (!isObject(args)) return wrong('args: an object')
  if (typeof status !== 'string' || !statuses.has(status)) return wrong('status: ok, unknown or fail')
  const callNs = nanoseconds(value.call_ns)
  if (callNs === undefined) return wrong('call_ns: an integer')
  const given = value.return_ns
  const returnNs = given === undefined || given === null ? undefined : nanoseconds(given)
  if (returnNs === undefined && given !== undefined && given !== null) return wrong('return_ns: an integer')
  if (returnNs === undefined && status === 'ok') return wrong('return_ns: an integer, for status is ok')
  if (returnNs !== undefined && returnNs < callNs) return wrong('return_ns: not before call_ns')
  const operation: Operation = {
    client: String(client),
    op,
    args,
    ret,
    status: status as Operation['status'],
    callNs,
    ...(returnNs === undefined ? {} : { returnNs }),
    line,
  }
  const complaint = complaintAbout(operation)
  return complaint === undefined ? { ok: true, operation } : wrong(complaint)
}

/** The operations as JSON lines, one each, with a newline at the end. */
export function writeHistory(operations: readonly Operation[]): string {
  return operations.map((operation) => `${formatOperation(operation)}\n`).join('')
}

/** One operation as it stands in a file, without a newline. */
export function formatOperation(operation: Operation): string {
  const { client, op, args, ret, status, callNs, returnNs } = operation
  return writeExact({
    client,
    op,
    args,
    ret,
    status,
    call_ns: callNs,
    ...(returnNs === undefined ? {} : { return_ns: returnNs }),
  })
}

function nanoseconds(value: Json | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(expected: string): Line {
  return { ok: false, expected }
}
