import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'

/** What it was measured on. */
export interface Machine {
  readonly cores: number
  readonly model: string
  readonly memoryBytes: number
  readonly system: string
  readonly node: string
  /** Mean number of processes that wanted a core in the minute before the first row: 0 on an idle machine. */
  readonly loadBefore: number
}

export function thisMachine(): Machine {
  return {
    cores: availableParallelism(),
    model: cpus()[0]?.model.trim() ?? 'unknown',
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  }
}
