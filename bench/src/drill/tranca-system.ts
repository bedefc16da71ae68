import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Admin, type NodeStatus, openAdmin } from '@tranca/client'
import { checkHistory, explain, type Operation } from '@tranca/history'
import { type DevCluster, type DevHost, type ProcessEnd, startDevCluster } from 'tranca/dev-cluster'
import { audit } from '../audit/audit.ts'
import { collectState } from '../audit/collect.ts'
import type { ClusterState } from '../audit/state.ts'
import { issueBenchKey } from '../measure/license-key.ts'
import type { Call, History } from '../record/history.ts'
import { MemberDisks, SMALL_SEGMENT_SIZE } from './disks/member-disks.ts'
import { limits } from './limits.ts'
import { Load } from './load/load.ts'
import { NAMESPACE } from './load/names.ts'
import { Witness } from './load/witness.ts'
import { command } from './network/command.ts'
import { HostNetwork } from './network/hosts.ts'
import { operationsOf } from './operations.ts'
import type { Need } from './scenarios/scenario.ts'
import type { CuttableNetwork, FaultyDisks, ManagedSystem, Readers } from './system.ts'
import { tallyOf } from './tally.ts'
import type { HistoryVerdict, Judgment } from './verdict.ts'
import { within } from './within.ts'

export interface TrancaOptions {
  /** Where the members' data and logs go. */
  readonly directory: string
  readonly clients: number
  readonly seed: number
  /** Election time-out in ms; undefined: as shipped. */
  readonly electionMs?: number | undefined
  readonly signal: AbortSignal
  /** What is put between the members, or under them. */
  readonly needs: Need
}

const NAMES = ['n1', 'n2', 'n3'] as const

/** Three processes of this checkout, with the settings as shipped, under load. */
export class TrancaSystem implements ManagedSystem {
  readonly #signal: AbortSignal
  readonly #witness = new Witness()
  readonly #deaths: string[] = []
  /** Members that shall end by themselves, and who waits for it. */
  readonly #doomed = new Map<string, (end: ProcessEnd) => void>()
  #network: HostNetwork | undefined
  #disks: MemberDisks | undefined
  #cluster: DevCluster | undefined
  #admin: Admin | undefined
  #load: Load | undefined
  #before: ClusterState | undefined

  private constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  static async open(options: TrancaOptions): Promise<TrancaSystem> {
    const system = new TrancaSystem(options.signal)
    try {
      await system.#open(options)
      return system
    } catch (error) {
      await system.close()
      throw error
    }
  }

  get load(): Load {
    return this.#load!
  }

  get network(): CuttableNetwork | undefined {
    return this.#network
  }

  get disks(): FaultyDisks | undefined {
    const disks = this.#disks
    if (disks === undefined) return undefined
    return {
      failSync: async (member, count) => {
        const ended = this.#whenEnded(member)
        disks.failSync(member, count)
        await within(ended, `the end of ${member} after a failed sync`, this.#signal)
        const { failed, again } = disks.failures(member)
        for (const file of again) this.#deaths.push(`${member} tried the failed sync of ${file} again`)
        if (failed.length !== 1) this.#deaths.push(`${member} ended before a sync failed`)
      },
      hang: async (member) => disks.hang(member),
      goOn: async (member) => disks.goOn(member),
      fill: async (member) => {
        const ended = this.#whenEnded(member)
        disks.fill(this.#running.member(member).data)
        await within(ended, `the end of ${member} on a full disk`, this.#signal)
      },
      free: async (member) => disks.free(this.#running.member(member).data),
    }
  }

  get members(): readonly string[] {
    return this.#running.members.map(({ name }) => name)
  }

  async leader(): Promise<string> {
    return (await this.#running.leader(this.#patience)).name
  }

  kill(member: string): Promise<void> {
    return this.#running.kill(member, 'SIGKILL')
  }

  start(member: string): Promise<void> {
    return this.#running.restart(member)
  }

  pause(member: string): Promise<void> {
    return this.#running.kill(member, 'SIGSTOP')
  }

  resume(member: string): Promise<void> {
    return this.#running.kill(member, 'SIGCONT')
  }

  readersOf(member: string): Promise<Readers> {
    const { client } = this.#running.member(member)
    return within(this.#witness.readersOf(client), 'readers at a member', this.#signal)
  }

  async stop(member: string): Promise<void> {
    await this.#running.stop(member)
  }

  async promote(member: string): Promise<void> {
    await this.#admin!.request({ op: 'leader.transfer', to: this.#running.member(member).id })
  }

  async drain(member: string): Promise<void> {
    await this.#admin!.request({ op: 'member.drain', id: this.#running.member(member).id })
  }

  async undrain(member: string): Promise<void> {
    await this.#admin!.request({ op: 'member.undrain', id: this.#running.member(member).id })
  }

  async whenHealthy(): Promise<void> {
    await within(this.#untilHealthy(), 'all members healthy', this.#signal)
  }

  async judge(): Promise<Judgment> {
    const seen = await this.load.stop()
    const { clients, calls } = this.#witness.recorder
    const history = merged(
      { clients: seen.clients, calls: seen.calls },
      { clients: clients.filter(({ session }) => session !== 0), calls },
    )
    const after = await collectState(this.#place)
    const surprises = [...seen.surprises, ...this.#deaths]
    const operations = operationsOf(history)
    const verdict = {
      answered: history.calls.filter(({ outcome }) => outcome.status === 'ok').length,
      ...tallyOf(history, after),
      surprises,
      audit: audit({ history, before: this.#before!, after, surprises }),
      history: historyVerdict(operations),
    }
    return { verdict, operations }
  }

  async close(): Promise<void> {
    this.#load?.kill()
    await this.#admin?.close()
    await this.#network?.heal().catch(() => undefined)
    await this.#cluster?.close()
    await this.#network?.remove()
    this.#disks?.remove()
  }

  /** The member ends by itself, with an exit code: a signal would be a crash. */
  async #whenEnded(member: string): Promise<void> {
    const end = await new Promise<ProcessEnd>((resolve) => this.#doomed.set(member, resolve))
    if (end.code === null || end.code === 0) this.#deaths.push(`${member} ended with ${endText(end)}`)
  }

  async #hosts(directory: string, needs: Need): Promise<readonly DevHost[] | undefined> {
    if (needs === 'processes') return undefined
    if (needs === 'network') {
      const network = await HostNetwork.make(command, NAMES)
      this.#network = network
      return NAMES.map((name) => ({ address: network.addressOf(name), command: network.commandFor(name) }))
    }
    const disks = await MemberDisks.make(needs === 'compiler' ? 'shim' : 'small', `${directory}-disks`)
    this.#disks = disks
    return NAMES.map((name, place) => ({ address: `127.0.0.${place + 1}`, command: disks.commandFor(name) }))
  }

  async #open({ directory, clients, seed, electionMs, signal, needs }: TrancaOptions): Promise<void> {
    const key = issueBenchKey(Date.now())
    const hosts = await this.#hosts(directory, needs)
    this.#cluster = await startDevCluster({
      directory,
      members: NAMES.length,
      ports: 'free',
      hosts,
      ...(electionMs !== undefined && { timing: { heartbeatMs: Math.round(electionMs / 10), electionMs } }),
      // Where disks fail, checkpoints come often enough to be met by it.
      ...(this.#disks && { checkpoint: { entries: 500, keepSize: 1024 * 1024 } }),
      ...(needs === 'mount' && { storage: { segmentSize: SMALL_SEGMENT_SIZE } }),
      vendorPublicKey: (place) => {
        const file = join(place, 'vendor-public.pem')
        writeFileSync(file, key.publicKeyPem)
        if (needs === 'mount') for (const name of NAMES) this.#disks!.mount(join(place, name))
        return file
      },
      onExit: (member, end, expected) => {
        const waiting = this.#doomed.get(member.name)
        this.#doomed.delete(member.name)
        if (waiting !== undefined) waiting(end)
        else if (!expected) this.#deaths.push(`${member.name} ended by itself (${endText(end)})`)
      },
    })
    const { addresses } = this.#cluster
    await this.#cluster.whenReady(this.#patience)
    this.#admin = openAdmin(addresses, { deadlineMs: limits.patienceMs })
    await this.#admin.request({ op: 'key.install', file: key.keyFile })
    this.#before = await collectState(this.#place)
    await this.#witness.prepare(addresses)
    this.#load = await Load.open({ addresses, clients, seed, signal })
    await this.whenHealthy()
  }

  get #running(): DevCluster {
    return this.#cluster!
  }

  get #place() {
    return { addresses: this.#running.addresses, namespace: NAMESPACE }
  }

  get #patience() {
    return { timeoutMs: limits.patienceMs, signal: this.#signal }
  }

  async #untilHealthy(): Promise<void> {
    await this.#running.whenReady(this.#patience)
    while (!(await this.#allFollow())) await delay(limits.pollMs, undefined, { signal: this.#signal })
  }

  /** As the leader sees it: each member is there, replicates, and is not far behind. */
  async #allFollow(): Promise<boolean> {
    const reports = await this.#admin!.statusOfAll({ signal: this.#signal })
    const statuses = reports.flatMap((report) => (report.ok ? [report.status] : []))
    const leader = statuses.find(({ role }) => role === 'leader')
    return leader !== undefined && statuses.length === this.members.length && isFollowed(leader)
  }
}

function isFollowed({ node, members }: NodeStatus): boolean {
  return members.every(({ id, role, alive, state, lag }) => {
    if (id === node) return true
    return role === 'voter' && alive && state === 'replicate' && (lag ?? 0) <= limits.lagMax
  })
}

function historyVerdict(operations: readonly Operation[]): HistoryVerdict {
  const checked = checkHistory(operations)
  const count = operations.length
  switch (checked.verdict) {
    case 'ok':
      return { verdict: 'ok', operations: count, findings: [] }
    case 'violation':
      return { verdict: 'violation', operations: count, findings: checked.findings.map(explain) }
    case 'undecided':
      return { verdict: 'undecided', operations: count, findings: checked.objects }
    default:
      return checked satisfies never
  }
}

/** One history of several, in order of the calls. */
function merged(...histories: readonly History[]): History {
  const calls: Call[] = histories
    .flatMap((history) => history.calls)
    .sort((a, b) => a.callMs - b.callMs)
    .map((call, order) => ({ ...call, order }))
  return { clients: histories.flatMap((history) => history.clients), calls }
}

function endText({ code, signal }: ProcessEnd): string {
  return signal ?? `exit code ${code}`
}
