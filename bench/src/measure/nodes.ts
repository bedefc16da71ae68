import { readFileSync } from 'node:fs'
import { type Admin, openAdmin } from '@tranca/client'

/** One node of the cluster while a row was measured. `undefined`: it cannot be seen from here. */
export interface NodeUsage {
  readonly name: string
  readonly role: string
  readonly cpuSeconds: number | undefined
  readonly rssBytes: number | undefined
  /** Of the log on disk, at the end of the row; segments count whole. */
  readonly logBytes: number | undefined
}

/** A node process on this machine. */
export interface LocalNode {
  readonly name: string
  readonly pid: number | undefined
  readonly admin: string
}

/** What all nodes, and everything else on this machine, did while a row was measured. */
export interface Usage {
  readonly nodes: readonly NodeUsage[]
  /** Processor time of the whole machine, nodes and load included; `undefined` where it cannot be seen. */
  readonly machineCpuSeconds: number | undefined
}

/** Seconds of all commands in each stage at their leader. */
export interface StageTotals {
  commands: number
  readonly seconds: Record<string, number>
}

interface Look {
  /** Processor time of each node, by name. */
  readonly nodes: ReadonlyMap<string, number | undefined>
  readonly machine: number | undefined
}

const TICKS_PER_SECOND = 100

/** Watches what the nodes take of the machine: own processes through /proc, others through `status`. */
export class NodeWatch {
  readonly #admin: Admin
  readonly #local: readonly LocalNode[]
  #looks: Look[] = []

  constructor(addresses: readonly string[], local: readonly LocalNode[]) {
    this.#admin = openAdmin(addresses)
    this.#local = local
  }

  /** Takes little time: nothing is asked of the nodes. */
  readonly look = (): void => {
    const nodes = new Map(this.#local.map(({ name, pid }) => [name, cpuSecondsOf(pid)]))
    const machine = this.#local.length === 0 ? undefined : machineCpuSeconds()
    this.#looks = [...this.#looks.slice(-1), { nodes, machine }]
  }

  /** The difference between the last two looks. */
  async report(): Promise<Usage> {
    const [first, last] = this.#looks
    const reports = await this.#admin.statusOfAll()
    const found: NodeUsage[] = []
    for (const report of reports) {
      if (!report.ok) continue
      const { name, role, memory } = report.status
      const local = this.#local.find((node) => node.name === name)
      found.push({
        name,
        role,
        cpuSeconds: difference(first?.nodes.get(name), last?.nodes.get(name)),
        rssBytes: memory?.rssBytes,
        logBytes: local === undefined ? undefined : await logSize(local.admin),
      })
    }
    return {
      nodes: found.sort((a, b) => Number(b.role === 'leader') - Number(a.role === 'leader')),
      machineCpuSeconds: difference(first?.machine, last?.machine),
    }
  }

  /** Software of the nodes. */
  async version(): Promise<string> {
    const reports = await this.#admin.statusOfAll()
    return [...new Set(reports.flatMap((report) => (report.ok ? [report.status.version] : [])))].join(', ')
  }

  /** Index of the last entry of the log. */
  async lastIndex(): Promise<number> {
    const reports = await this.#admin.statusOfAll()
    return Math.max(0, ...reports.map((report) => (report.ok ? report.status.lastIndex : 0)))
  }

  /** What the nodes have added up so far, over all of them; only a leader adds. */
  async stages(): Promise<StageTotals> {
    const totals: StageTotals = { commands: 0, seconds: {} }
    for (const { admin } of this.#local) {
      const text = await metricsOf(admin)
      totals.commands += Number(/^tranca_stage_commands_total (\S+)/m.exec(text)?.[1] ?? 0)
      for (const [, stage, value] of text.matchAll(/^tranca_stage_seconds_total\{stage="(\w+)"\} (\S+)/gm)) {
        totals.seconds[stage!] = (totals.seconds[stage!] ?? 0) + Number(value)
      }
    }
    return totals
  }

  close(): Promise<void> {
    return this.#admin.close()
  }
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before
}

/** User and system time of a process; `undefined` where it cannot be seen. */
export function cpuSecondsOf(pid: number | undefined): number | undefined {
  const text = pid === undefined ? undefined : procFile(`${pid}/stat`)
  if (text === undefined) return undefined
  // proc(5): after the command in brackets, user and system time are the 12th and 13th fields.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** proc(5): user, nice, system, idle, iowait, irq, softirq, steal; what another guest takes is not counted. */
function machineCpuSeconds(): number | undefined {
  const found = /^cpu +(.*)$/m.exec(procFile('stat') ?? '')
  if (found === null) return undefined
  const [user, nice, system, , , irq, softirq] = found[1]!.split(' ').map(Number)
  return (user! + nice! + system! + irq! + softirq!) / TICKS_PER_SECOND
}

/** Only Linux has these. */
function procFile(name: string): string | undefined {
  try {
    return readFileSync(`/proc/${name}`, 'utf8')
  } catch {
    return undefined
  }
}

function logSize(admin: string): Promise<number | undefined> {
  return metricOf(admin, 'tranca_log_size_bytes')
}

/** One value of a node; `undefined` if it cannot be had. */
export async function metricOf(admin: string, name: string): Promise<number | undefined> {
  const found = new RegExp(`^${name} (\\S+)`, 'm').exec(await metricsOf(admin))
  return found === null ? undefined : Number(found[1])
}

/** Resident memory of a process; `undefined` where it cannot be seen. */
export function rssBytesOf(pid: number | undefined): number | undefined {
  const text = pid === undefined ? undefined : procFile(`${pid}/status`)
  const found = /^VmRSS:\s+(\d+) kB/m.exec(text ?? '')
  return found === null ? undefined : Number(found[1]) * 1_024
}

/** Empty if it cannot be had. */
async function metricsOf(admin: string): Promise<string> {
  try {
    const response = await fetch(`http://${admin}/metrics`, { signal: AbortSignal.timeout(5_000) })
    return await response.text()
  } catch {
    return ''
  }
}
