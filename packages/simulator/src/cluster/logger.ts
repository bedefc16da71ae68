import { type Logger, pino } from 'pino'
import type { Trace } from '../world/trace.ts'

const silent = pino({ level: 'silent' })

/** A node's own log as a part of the trace. */
export function loggerOf(trace: Trace, name: string): Logger {
  if (!trace.isOn) return silent
  const write = (line: string) => {
    const { level, msg, node, ...more } = JSON.parse(line) as Record<string, unknown>
    trace.say(name, `  ${msg}${Object.keys(more).length > 0 ? ` ${JSON.stringify(more)}` : ''}`)
  }
  return pino({ level: 'debug', timestamp: false, base: null }, { write })
}
