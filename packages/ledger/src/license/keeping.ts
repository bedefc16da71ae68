import type { Core } from '../core.ts'
import { HOUR_MS } from './hours.ts'

/** How long usage is kept: the administrator's choice. */
export interface Keeping {
  readonly usageDays: number
}

/** Wall clock of the oldest hour that is kept; if none is, of what comes. */
export function keptFromMs({ wallMs }: Core, { usageDays }: Keeping): number {
  if (usageDays === 0) return Number.POSITIVE_INFINITY
  return (Math.floor(wallMs / HOUR_MS) - usageDays * 24) * HOUR_MS
}
