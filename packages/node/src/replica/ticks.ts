import type { Config } from '../config/schema.ts'
import { limits } from '../limits.ts'

/** Time as the core of Raft counts it. */
export interface Ticks {
  readonly tickMs: number
  /** Ticks between heartbeats. */
  readonly heartbeatTick: number
  /** Ticks of silence after which the leader may be replaced. */
  readonly electionTick: number
}

/**
 * Several ticks a heartbeat: a hanging leader is replaced within a tick of the election time-out, and the next
 * candidate's turn comes a few ticks later.
 */
export function ticksOf({ heartbeatMs, electionMs }: Config['timing']): Ticks {
  const fitting = Math.floor(heartbeatMs / limits.tickMsMin)
  const heartbeatTick = Math.max(1, Math.min(limits.ticksPerHeartbeatMax, fitting))
  const tickMs = heartbeatMs / heartbeatTick
  return { tickMs, heartbeatTick, electionTick: Math.round(electionMs / tickMs) }
}
