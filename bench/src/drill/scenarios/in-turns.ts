import type { ManagedSystem } from '../system.ts'
import type { Trial } from '../trial.ts'

/** The member that is struck: in turns the leader, a follower. */
export async function leaderOrFollower({ system, random, number }: Trial<ManagedSystem>): Promise<string> {
  const leader = await system.leader()
  const follower = random.pick(system.members.filter((member) => member !== leader))
  return number % 2 === 1 ? leader : follower
}
