import { drain } from './drain.ts'
import { failedSync } from './failed-sync.ts'
import { flappingLink } from './flapping-link.ts'
import { fullDisk } from './full-disk.ts'
import { hungDisk } from './hung-disk.ts'
import { killFollower } from './kill-follower.ts'
import { killLeader } from './kill-leader.ts'
import { killSoak } from './kill-soak.ts'
import { oneWayPartition } from './one-way-partition.ts'
import { partitionLeader } from './partition-leader.ts'
import { pauseLeader } from './pause-leader.ts'
import { pauseSoak } from './pause-soak.ts'
import { promote } from './promote.ts'
import { restartAll } from './restart-all.ts'
import { rollingRestart } from './rolling-restart.ts'
import type { Scenario } from './scenario.ts'

/** In the order in which `all` takes them. */
export const scenarios: readonly Scenario[] = [
  killLeader,
  pauseLeader,
  killFollower,
  restartAll,
  rollingRestart,
  promote,
  drain,
  partitionLeader,
  oneWayPartition,
  flappingLink,
  failedSync,
  hungDisk,
  fullDisk,
  killSoak,
  pauseSoak,
]
