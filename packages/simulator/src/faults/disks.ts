import type { Member } from '../cluster/member.ts'
import { type Fault, later, type Stage, victim } from './fault.ts'

const inOrder = Number.POSITIVE_INFINITY

/** A write or a sync fails: the node has to stop, and may start again. */
export const failing: Fault = {
  name: 'disk fails',
  strike(stage) {
    const member = victim(stage)
    if (member === undefined) return undefined
    member.disk.failNext = stage.random.chance(0.8) ? 'write' : 'sync'
    member.restartMs = stage.world.schedule.nowMs + stage.random.exponential(1_000)
    return `${member.name}: the next ${member.disk.failNext}`
  },
}

export const slowDisk: Fault = {
  name: 'slow disk',
  strike(stage) {
    const member = victim(stage)
    if (member === undefined) return undefined
    const maxMs = stage.random.pick([10, 60, 400, 5_000])
    member.disk.pace = { latencyMs: [0.1, maxMs] }
    later(stage, stage.random.between(200, 4_000), () => member.disk.calm())
    return `${member.name}: up to ${maxMs} ms`
  },
}

/** Almost no room is left; after a while there is, and the node is started again. */
export const fullDisk: Fault = {
  name: 'full disk',
  strike(stage) {
    const member = victim(stage)
    if (member === undefined || member.disk.disk.capacity < inOrder) return undefined
    const room = stage.random.pick([0, 2_000, 40_000])
    let used = 0
    for (const bytes of member.disk.disk.files().values()) used += bytes.length
    member.disk.disk.capacity = used + room
    member.disk.hasFailed = true
    later(stage, stage.random.between(500, 5_000), () => {
      member.disk.disk.capacity = inOrder
      if (member.isUp) member.close()
    })
    return `${member.name}: ${room} bytes left`
  },
}

/** Files of a stopped node, to be brought back when they are old. */
const copies = new WeakMap<object, Map<string, Buffer>>()

/** A node dies, and its disk comes back with other bytes than it had. */
export const damage: Fault = {
  name: 'damage',
  strike(stage) {
    const member = victim(stage)
    if (member === undefined || !mayLie(stage) || member.isTainted) return undefined
    member.isTainted = true
    member.restartMs = stage.world.schedule.nowMs + stage.random.exponential(500)
    member.crash({ machine: true })
    const { disk } = member.disk
    const files = [...disk.files()].filter(([, bytes]) => bytes.length > 0)
    const flips = stage.random.integer(1, 4)
    const where: string[] = []
    for (let i = 0; i < flips; i++) {
      const [path, bytes] = stage.random.pick(files)
      const used = bytes.length - trailingZeros(bytes)
      const at = stage.random.below(Math.max(1, used))
      bytes[at] = bytes[at]! ^ (1 << stage.random.below(8))
      disk.plant(path, bytes)
      where.push(`${path}+${at}`)
    }
    return `${member.name}: ${where.join(', ')}`
  },
}

/** A node dies and comes back with its disk of an earlier time, or with none. */
export const oldDisk: Fault = {
  name: 'old disk',
  needsWitnesses: true,
  strike(stage) {
    const member = victim(stage)
    if (member === undefined) return undefined
    const { disk } = member.disk
    const copy = copies.get(disk)
    if (copy === undefined || !mayLie(stage) || member.isTainted) {
      if (stage.cluster.present.length < 3) return undefined
      // First a copy has to be made, of a node that does not run.
      member.crash({ machine: true })
      copies.set(disk, disk.files())
      return `${member.name}: copied`
    }
    if (!stage.cluster.present.every((one) => one === member || isSound(one))) return undefined
    member.isTainted = true
    member.restartMs = stage.world.schedule.nowMs
    member.crash({ machine: true })
    for (const path of disk.files().keys()) disk.plant(path, undefined)
    const isEmpty = stage.random.chance(0.2)
    if (!isEmpty) for (const [path, bytes] of copy) disk.plant(path, bytes)
    return `${member.name}: ${isEmpty ? 'empty' : 'as copied'}`
  },
}

/** It runs, and nothing that is planned for its disk will stop it. */
function isSound({ isUp, replica, disk }: Member): boolean {
  return isUp && replica !== undefined && !disk.mayRefuse && disk.failNext === undefined && disk.crashIn === 0
}

function mayLie({ cluster }: Stage): boolean {
  return cluster.taintsLeft > 0
}

function trailingZeros(bytes: Buffer): number {
  let count = 0
  while (count < bytes.length && bytes[bytes.length - 1 - count] === 0) count++
  return count
}
