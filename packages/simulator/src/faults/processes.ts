import { type Fault, later, victim } from './fault.ts'

/** Time until a process that died is started again. */
function downMs(random: { chance(p: number): boolean; exponential(mean: number): number }): number {
  return random.chance(0.4) ? 0 : random.exponential(1_500)
}

export const kill: Fault = {
  name: 'kill',
  strike(stage) {
    const member = victim(stage)
    if (member === undefined) return undefined
    member.restartMs = stage.world.schedule.nowMs + downMs(stage.random)
    member.crash({ machine: stage.random.chance(0.3) })
    return member.name
  },
}

export const killAll: Fault = {
  name: 'kill all',
  hidesMembers: true,
  strike(stage) {
    const up = stage.cluster.present.filter((member) => member.isUp)
    for (const member of up) {
      member.restartMs = stage.world.schedule.nowMs + downMs(stage.random)
      member.crash({ machine: true })
    }
    return up.map(({ name }) => name).join(' ')
  },
}

/** The power fails during one of the next calls to the disk. */
export const killInDiskCall: Fault = {
  name: 'kill in a disk call',
  strike(stage) {
    const member = victim(stage)
    if (member === undefined) return undefined
    member.disk.crashIn = stage.random.integer(1, 40)
    member.restartMs = stage.world.schedule.nowMs + downMs(stage.random)
    return `${member.name} in call ${member.disk.crashIn}`
  },
}

export const stop: Fault = {
  name: 'stop in order',
  strike(stage) {
    const member = victim(stage)
    if (member === undefined) return undefined
    member.restartMs = stage.world.schedule.nowMs + downMs(stage.random)
    member.close()
    return member.name
  },
}

export const freeze: Fault = {
  name: 'freeze',
  hidesMembers: true,
  strike(stage) {
    const member = victim(stage)
    if (member === undefined) return undefined
    const ms = stage.random.chance(0.7) ? stage.random.between(50, 1_500) : stage.random.between(1_500, 6_000)
    member.host.freeze(ms)
    return `${member.name} for ${Math.round(ms)} ms`
  },
}

/** A client process dies, or stands still. */
export const client: Fault = {
  name: 'client',
  strike(stage) {
    const application = stage.random.pick(stage.applications)
    if (stage.random.chance(0.5)) {
      const ms = stage.random.between(50, 5_000)
      application.host.freeze(ms)
      return `${application.host.name} freezes for ${Math.round(ms)} ms`
    }
    application.crash()
    later(stage, stage.random.exponential(1_000), () => application.start())
    return `${application.host.name} dies`
  },
}
