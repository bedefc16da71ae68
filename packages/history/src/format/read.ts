import { isJepsenLog, readJepsenLog } from './jepsen.ts'
import { readJsonLines } from './json-lines.ts'
import type { Parsed } from './parsed.ts'

/**
 * Reads a recorded history: JSON lines, or the log of a Jepsen test of one register. Empty lines, lines that begin
 * with `#`, a byte order mark and CRLF are fine; operations may stand in any order.
 */
export function parseHistory(text: string): Parsed {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  return isJepsenLog(lines) ? readJepsenLog(lines) : readJsonLines(lines)
}
