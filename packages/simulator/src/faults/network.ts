import type { Member } from '../cluster/member.ts'
import type { Host } from '../world/host.ts'
import { type Fault, later, type Stage, victim } from './fault.ts'

function howLong({ random }: Stage): number {
  return random.chance(0.5) ? random.between(50, 1_200) : random.between(1_200, 5_000)
}

/** Shuts directions between machines for a while. */
function shut(stage: Stage, ways: readonly (readonly [Host, Host])[], ms: number): void {
  const { network } = stage.world
  for (const [from, to] of ways) network.shut(from, to)
  later(stage, ms, () => {
    for (const [from, to] of ways) if (network.isShut(from, to)) network.open(from, to)
  })
}

function across(some: readonly Host[], others: readonly Host[]): (readonly [Host, Host])[] {
  return some.flatMap((one) => others.flatMap((other) => [[one, other] as const, [other, one] as const]))
}

/** Members fall into two groups; clients see one of them, or both. */
export const partition: Fault = {
  name: 'partition',
  hidesMembers: true,
  strike(stage) {
    const { cluster, random, applications } = stage
    if (cluster.present.length < 2) return undefined
    const left: Member[] = []
    const right: Member[] = []
    const leader = cluster.leader
    if (leader !== undefined && random.chance(0.4)) {
      left.push(leader)
      right.push(...cluster.present.filter((member) => member !== leader))
    } else for (const member of cluster.present) (random.chance(0.5) ? left : right).push(member)
    const ms = howLong(stage)
    const seesBoth = random.chance(0.5)
    const leftHosts = left.map(({ host }) => host)
    const rightHosts = right.map(({ host }) => host)
    for (const { host } of seesBoth ? [] : applications)
      (random.chance(0.5) ? leftHosts : rightHosts).push(host)
    shut(stage, across(leftHosts, rightHosts), ms)
    return `${leftHosts.map(({ name }) => name).join(' ')} | ${rightHosts.map(({ name }) => name).join(' ')} for ${Math.round(ms)} ms`
  },
}

/** What one member sends does not arrive, or nothing arrives there. */
export const oneWay: Fault = {
  name: 'one way',
  hidesMembers: true,
  strike(stage) {
    const member = victim(stage)
    if (member === undefined) return undefined
    const isDeaf = stage.random.chance(0.5)
    const others = stage.cluster.present.filter((other) => other !== member && stage.random.chance(0.8))
    const ms = howLong(stage)
    shut(
      stage,
      others.map(({ host }): readonly [Host, Host] => (isDeaf ? [host, member.host] : [member.host, host])),
      ms,
    )
    return `${member.name} ${isDeaf ? 'hears' : 'reaches'} nobody of ${others.map(({ name }) => name).join(' ')} for ${Math.round(ms)} ms`
  },
}

/** A link comes and goes. */
export const flap: Fault = {
  name: 'flap',
  hidesMembers: true,
  strike(stage) {
    const member = victim(stage)
    const other = victim(stage)
    if (member === undefined || other === undefined || other === member) return undefined
    const ways = across([member.host], [other.host])
    const times = stage.random.integer(3, 12)
    for (let i = 0, atMs = 0; i < times; i++, atMs += stage.random.between(60, 900))
      later(stage, atMs, () => shut(stage, ways, stage.random.between(20, 400)))
    return `${member.name} - ${other.name}, ${times} times`
  },
}

/** Connections break, with what is in flight; perhaps only one side learns of it. */
export const breakConnections: Fault = {
  name: 'break',
  hidesMembers: true,
  strike(stage) {
    const { random, world } = stage
    const likely = random.pick([0.1, 0.5, 1])
    let count = 0
    for (const connection of world.network.connections) {
      if (!random.chance(likely)) continue
      count++
      connection.break(random.chance(0.7) ? undefined : random.pick(['dialer', 'listener'] as const))
    }
    return `${count} connections`
  },
}

/** Raft's messages get lost, doubled, late. */
export const frames: Fault = {
  name: 'messages',
  strike(stage) {
    const { random, world } = stage
    const { frames: faults } = world.network.weather
    faults.lose = random.chance(0.6) ? random.between(0, 0.4) : 0
    faults.double = random.chance(0.5) ? random.between(0, 0.3) : 0
    faults.delay = random.chance(0.6) ? random.between(0, 0.4) : 0
    faults.delayMs = random.pick([5, 60, 700])
    later(stage, howLong(stage), () => Object.assign(faults, { lose: 0, double: 0, delay: 0 }))
    return `lose ${faults.lose.toFixed(2)}, double ${faults.double.toFixed(2)}, delay ${faults.delay.toFixed(2)}`
  },
}

/** All wires are slow for a while, and dials are refused now and then. */
export const slow: Fault = {
  name: 'slow wires',
  strike(stage) {
    const { random, world } = stage
    const { weather } = world.network
    weather.latencyMs = [1, random.pick([20, 80, 250])]
    weather.refuseChance = random.pick([0, 0.2])
    later(stage, howLong(stage), () => world.network.calm())
    return `up to ${weather.latencyMs[1]} ms`
  },
}
