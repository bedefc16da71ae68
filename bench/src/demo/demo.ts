import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeHistory } from '@tranca/history'
import { type PortChoice, startDevCluster } from 'tranca/dev-cluster'
import { type AuditReport, audit } from '../audit/audit.ts'
import { collectState, untilExpired } from '../audit/collect.ts'
import { auditOrderOfEffects } from '../audit/linearizable.ts'
import { limits } from '../limits.ts'
import { observedOperations } from '../record/observed.ts'
import { type RunResult, runWorkload } from '../workload/run.ts'
import { tasksOf, type Workload } from '../workload/workload.ts'
import type { Display } from './display.ts'
import { LeaderKill } from './failover.ts'
import { installLicenses } from './install-key.ts'
import { loadState, saveState } from './keepsake.ts'
import { holdSomething, lookAroundLines } from './look-around.ts'
import { summaryLines } from './summary.ts'
import { whole } from './text.ts'
import { VendorDesk } from './vendor-desk.ts'

const hourMs = 3_600_000

export interface DemoOptions {
  readonly workload: Workload
  readonly directory: string
  readonly fresh: boolean
  /** End after the summary; else stay until `signal`. */
  readonly exit: boolean
  readonly display: Display
  /** Where to keep what clients saw of locks and numbers, for `npm run check-history`. */
  readonly history?: string | undefined
  /** For a new cluster; default: 5555.. if free. */
  readonly ports?: PortChoice
  readonly signal: AbortSignal
}

/** Starts a cluster, runs the workload with a failover in the middle, and audits it. */
export async function runDemo(options: DemoOptions): Promise<AuditReport> {
  const { workload, directory, display, signal } = options
  const { licenses } = workload
  const deaths: string[] = []
  const cluster = await startDevCluster({
    directory,
    members: 3,
    fresh: options.fresh,
    ports: options.ports,
    vendorPublicKey: licenses === undefined ? undefined : (at) => new VendorDesk(at).publicKeyFile(),
    onExit: (member, end, expected) => {
      if (expected) return
      const text = `${member.name} ended by itself (${end.signal ?? `exit code ${end.code}`}); its log: ${member.log}`
      deaths.push(text)
      display.event(text)
    },
  })
  try {
    const { addresses, members } = cluster
    display.line(`Cluster of three processes; data, configurations and logs in ${cluster.directory}`)
    await cluster.whenReady({ signal })
    display.event(
      `${(await cluster.leader({ signal })).name} leads; clients connect to ${addresses.join(', ')}`,
    )

    const { namespace } = workload
    const keepsake = join(cluster.directory, 'audit.json')
    const earlier = loadState(keepsake)
    const onEvent = (text: string): void => display.event(text)
    if (licenses !== undefined) {
      const desk = new VendorDesk(cluster.directory)
      await installLicenses({ plan: licenses, desk, addresses, namespace, onEvent })
    }
    // The usage report has whole hours: those from the one in which the run began.
    const usageFromMs = Math.floor(Date.now() / hourMs) * hourMs
    const before = await collectState({ addresses, namespace, usageFromMs })
    if (before.sequences.length > 0) {
      display.event(`${before.sequences.length} sequences are there from earlier runs: their numbers go on`)
    }

    const users = workload.servers.reduce((sum, server) => sum + server.users, 0)
    display.event(
      `workload ${workload.name}: ${whole(users)} users on ${workload.servers.length} application servers, ` +
        `${whole(tasksOf(workload))} tasks, seed ${workload.seed}`,
    )
    const kill =
      workload.failover === undefined ? undefined : new LeaderKill({ ...workload.failover, cluster, onEvent })
    let run: RunResult
    try {
      run = await runWorkload({
        workload,
        addresses,
        moments: kill === undefined ? [] : [kill],
        onStart: (progress) => {
          display.start(
            progress,
            (address) => members.find((each) => each.client === address)?.name ?? address,
          )
        },
        onEvent,
        signal,
      })
    } finally {
      display.stop()
    }

    const cut = run.history.clients.filter((client) => client.end === 'cut').map((client) => client.session)
    if (cut.length > 0) display.event('waiting until the sessions of crashed processes have expired')
    const withinMs = workload.session.ttlMs + limits.expiryGraceMs
    await untilExpired({ addresses, namespace, sessions: cut, withinMs })
    const after = await collectState({ addresses, namespace, usageFromMs })
    saveState(keepsake, after)
    const operations = observedOperations({
      history: run.history,
      before: before.sequences,
      after: after.sequences,
    })
    if (options.history !== undefined) {
      writeFileSync(options.history, writeHistory(operations))
      display.event(`what clients saw is kept in ${options.history}`)
    }
    const audited = audit({
      history: run.history,
      before,
      after,
      earlier,
      surprises: [...run.surprises, ...deaths],
    })
    const order = auditOrderOfEffects(operations)
    const report: AuditReport = {
      ok: audited.ok && order.found === 0,
      verdicts: [...audited.verdicts, order],
    }
    const used = { before: before.licenses, after: after.licenses }
    display.line()
    for (const line of summaryLines(run, kill?.report, report, used)) display.line(line)

    if (!options.exit && !signal.aborted) {
      const session = await holdSomething(workload, addresses)
      display.line()
      for (const line of lookAroundLines({ workload, addresses, members })) display.line(line)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      display.line('Stopping the cluster; its data stays.')
      await session.close({ deadlineMs: 2_000 })
    }
    return report
  } finally {
    await cluster.close()
  }
}
