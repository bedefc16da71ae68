import { type Fault, victim } from './fault.ts'

const hourMs = 3_600_000

/** A wall clock is set an hour forward or back (O11). */
export const jump: Fault = {
  name: 'clock jumps',
  strike(stage) {
    const member = victim(stage)
    if (member === undefined) return undefined
    const ms = stage.random.pick([-1, 1]) * stage.random.between(0.1, 1) * hourMs
    member.host.wallOffsetMs += ms
    return `${member.name} by ${Math.round(ms / 60_000)} min`
  },
}
