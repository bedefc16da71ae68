/**
 * Milliseconds of the machine's monotonic clock, which all processes share: what one process writes down can be
 * compared with what another does.
 */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
