import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type Stages, stageNames } from '../replica/stages.ts'

/** Numbers read when somebody asks: a poller costs the write path nothing (O19). */
export interface Gauges {
  term(): number
  isLeader(): boolean
  commitIndex(): number
  appliedIndex(): number
  lastIndex(): number
  sessions(): number
  connections(): number
  logSize(): number
  watches(): number
  ledgerRevision(): number
  /** While this node takes part. */
  stages(): Stages | undefined
}

interface MetricsOptions {
  readonly processMetrics: boolean
  /** Epoch milliseconds by use; undefined without TLS. */
  readonly certificateEnds: (() => Readonly<Record<string, number>>) | undefined
}

/** Metrics of one node, under the product's own words. */
export class Metrics {
  readonly registry = new Registry()
  /** Commands applied. Raised once per entry. */
  readonly commands: Counter
  readonly reads: Counter
  readonly entries: Counter
  readonly elections: Counter
  readonly sessionsExpired: Counter
  readonly hellosDenied: Counter
  readonly checkpoints: Counter
  readonly snapshotsSent: Counter
  readonly snapshotsReceived: Counter
  /** From the proposal of an entry to its apply at the leader. */
  readonly commitSeconds: Histogram

  constructor(gauges: Gauges, options: MetricsOptions) {
    const registers = [this.registry]
    const counter = (name: string, help: string) => new Counter({ name, help, registers })
    this.commands = counter('tranca_commands_total', 'Client commands applied')
    this.reads = counter('tranca_reads_total', 'Linearizable reads answered')
    this.entries = counter('tranca_entries_total', 'Log entries applied')
    this.elections = counter('tranca_leader_changes_total', 'Changes of leader seen by this node')
    this.sessionsExpired = counter('tranca_sessions_expired_total', 'Sessions expired by this leader')
    this.hellosDenied = counter('tranca_hellos_denied_total', 'Connections without good credentials')
    this.checkpoints = counter('tranca_checkpoints_total', 'Checkpoints written')
    this.snapshotsSent = counter('tranca_snapshots_sent_total', 'Snapshots sent to members')
    this.snapshotsReceived = counter('tranca_snapshots_received_total', 'Snapshots received and installed')
    this.commitSeconds = new Histogram({
      name: 'tranca_commit_seconds',
      help: 'From the proposal of an entry to its apply, at the leader',
      buckets: [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    })
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value())
        },
      })
    gauge('tranca_term', 'Current term', gauges.term)
    gauge('tranca_is_leader', '1 while this node leads', () => (gauges.isLeader() ? 1 : 0))
    gauge('tranca_commit_index', 'Index of the last committed entry', gauges.commitIndex)
    gauge('tranca_applied_index', 'Index of the last applied entry', gauges.appliedIndex)
    gauge('tranca_last_index', 'Index of the last entry of the log', gauges.lastIndex)
    gauge('tranca_sessions', 'Sessions in the ledger', gauges.sessions)
    gauge('tranca_connections', 'Client connections of this node', gauges.connections)
    gauge('tranca_log_size_bytes', 'Size of the log on disk', gauges.logSize)
    gauge('tranca_watches', 'Watches served by this node', gauges.watches)
    gauge('tranca_ledger_revision', 'Events of the ledger so far', gauges.ledgerRevision)
    if (options.certificateEnds !== undefined) certificateGauge(registers, options.certificateEnds)
    new Counter({
      name: 'tranca_stage_seconds_total',
      help: 'Time of client commands at this leader by stage; log and replicate overlap',
      labelNames: ['stage'],
      registers,
      collect() {
        this.reset()
        const stages = gauges.stages()
        if (stages === undefined) return
        for (const stage of stageNames) this.inc({ stage }, Math.max(0, stages.totalMs[stage]) / 1000)
      },
    })
    new Counter({
      name: 'tranca_stage_commands_total',
      help: 'Commands that went through all stages at this leader',
      registers,
      collect() {
        this.reset()
        this.inc(gauges.stages()?.commands ?? 0)
      },
    })
    if (options.processMetrics) collectDefaultMetrics({ register: this.registry, prefix: 'tranca_' })
  }
}

function certificateGauge(registers: Registry[], ends: () => Readonly<Record<string, number>>): void {
  new Gauge({
    name: 'tranca_certificate_end_seconds',
    help: 'End of the certificate in use, seconds since 1970',
    labelNames: ['use'],
    registers,
    collect() {
      for (const [use, endMs] of Object.entries(ends())) this.set({ use }, endMs / 1_000)
    },
  })
}
