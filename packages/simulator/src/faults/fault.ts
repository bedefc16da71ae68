import type { Cluster } from '../cluster/cluster.ts'
import type { Member } from '../cluster/member.ts'
import type { Random } from '../random.ts'
import type { Application } from '../workload/application.ts'
import type { World } from '../world/world.ts'

/** What a fault may take hold of. */
export interface Stage {
  readonly world: World
  readonly cluster: Cluster
  readonly applications: readonly Application[]
  readonly random: Random
}

/** One kind of thing that goes wrong. It begins when called, and comes to its end by itself or at the healing. */
export interface Fault {
  readonly name: string
  /** Members may not reach each other for a while. */
  readonly hidesMembers?: boolean
  /**
   * What a member had acknowledged is gone, and only those who stored it with it know. They must be there to be asked
   * until it has: a quorum without them has no way to tell, and could not have one without refusing to start while any
   * member is away.
   */
  readonly needsWitnesses?: boolean
  /** Says what was done, or undefined: not possible now. */
  strike(stage: Stage): string | undefined
}

/** A member that runs: often the leader, whose troubles are the most interesting. */
export function victim({ cluster, random }: Stage): Member | undefined {
  const leader = cluster.leader
  if (leader !== undefined && random.chance(0.5)) return leader
  const up = cluster.present.filter((member) => member.isUp)
  return up.length === 0 ? undefined : random.pick(up)
}

/** Calls back after so much true time. */
export function later({ world }: Stage, ms: number, run: () => void): void {
  world.schedule.at(world.schedule.nowMs + ms, run)
}
