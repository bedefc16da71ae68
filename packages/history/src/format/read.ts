import type { Operation } from '../operation.ts'
import { isJepsenLog, readJepsenLog } from './jepsen.ts'
import { readJsonLines } from './json-lines.ts'

export type Parsed =
  | { readonly ok: true; readonly operations: readonly Operation[] }
  /** The first line that does not fit, counted from 1, and what should have stood there. */
  | { readonly ok: false; readonly line: number; readonly expected: string }

/**
 * Reads a recorded history: JSON lines, or the log of a Jepsen test of one register. Empty lines, lines that begin
 * with `#`, a byte order mark and CRLF are fine; operations may stand in any order.
 */
export function parseHistory(text: string): Parsed {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  return isJepsenLog(lines) ? readJepsenLog(lines) : readJsonLines(lines)
}
