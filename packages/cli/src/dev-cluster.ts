/**
 * A whole cluster on loopback, one operating-system process per member, as `tranca dev`, the demonstration
 * and the tests use it:
 *
 * ```ts
 * import { startDevCluster } from 'tranca/dev-cluster'
 *
 * const cluster = await startDevCluster({ directory: '.tranca/dev' })
 * const session = await connect({ addresses: cluster.addresses, namespace: 'production' })
 *
 * const leader = await cluster.leader()
 * await cluster.kill(leader.name) // SIGKILL; the others elect a new one
 * await cluster.restart(leader.name)
 * await cluster.close()
 * ```
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ConnectOptions } from '@tranca/client'
import { DevCertificates, type DevTls } from './dev/certificates.ts'
import { DevClusterError } from './dev/errors.ts'
import { MemberProcess, type ProcessEnd } from './dev/member-process.ts'
import { MemberAsker } from './dev/member-status.ts'
import {
  type DevHost,
  forgetMember,
  type NodeSettings,
  openPlan,
  type Plan,
  type PlannedMember,
  planMember,
  writeConfig,
} from './dev/plan.ts'
import { type PortChoice, whenFree } from './dev/ports.ts'
import { type ProcessLock, takeProcessLock } from './process-lock.ts'

export type { DevTls } from './dev/certificates.ts'
export { DevClusterError, type DevClusterErrorCode } from './dev/errors.ts'
export type { ProcessEnd } from './dev/member-process.ts'
export type { DevHost } from './dev/plan.ts'
export { choosePorts, type MemberPorts, type PortChoice } from './dev/ports.ts'

export interface DevClusterOptions {
  /** Where configurations, data and logs go; kept between runs, ports included. */
  readonly directory: string
  /** 1 to 9; default 3, or what the directory holds. */
  readonly members?: number | undefined
  /** Removes a former cluster of this directory first. Never removes anything else. */
  readonly fresh?: boolean | undefined
  /**
   * For a new cluster. `default`: 5555.. if free, else free ones; `free`: free ones; a number: counted from it, and
   * refused (`DEV_PORTS_DIFFER`) where the directory has others.
   */
  readonly ports?: PortChoice | undefined
  /** For a new cluster: one for each member, which then listens there and runs behind its command. */
  readonly hosts?: readonly DevHost[] | undefined
  readonly timing?: NodeSettings['timing']
  readonly checkpoint?: NodeSettings['checkpoint']
  readonly storage?: NodeSettings['storage']
  /**
   * File with the public key of the vendor whose license keys may be installed; or what makes one, called when
   * the directory is there and before a member starts.
   */
  readonly vendorPublicKey?: string | ((directory: string) => string) | undefined
  /** File with the private key of the installation, which signs tokens of borrowed units. */
  readonly borrowKey?: string | undefined
  /** TLS, with certificates made in the directory: see {@link DevCluster.tls}. */
  readonly tls?: boolean | undefined
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent' | undefined
  /** Told of every process that ends; `expected` when this cluster object ended it. */
  readonly onExit?: ((member: DevMember, end: ProcessEnd, expected: boolean) => void) | undefined
}

/** With the vendor's key made. */
type ReadyOptions = Omit<DevClusterOptions, 'vendorPublicKey'> & {
  readonly vendorPublicKey: string | undefined
  readonly certificates: DevCertificates | undefined
}

export interface DevMember {
  readonly id: number
  readonly name: string
  /** `host:port` for clients. */
  readonly client: string
  readonly peer: string
  /** `host:port` of health and metrics over HTTP. */
  readonly admin: string
  /** `undefined` while it does not run. */
  readonly pid: number | undefined
  readonly running: boolean
  /** Its configuration file, data directory and log file. */
  readonly config: string
  readonly data: string
  readonly log: string
}

export interface WaitOptions {
  readonly signal?: AbortSignal | undefined
  /** Default 30 s. */
  readonly timeoutMs?: number | undefined
}

const POLL_MS = 25
const READY_TIMEOUT_MS = 30_000
const STOP_GRACE_MS = 10_000
const LOG_LINES_SHOWN = 5

/**
 * Starts the members' processes. Resolves when they have been started; {@link DevCluster.whenReady} when they
 * serve.
 *
 * @throws DevClusterError `DEV_DIRECTORY_IN_USE`, `DEV_PORT_IN_USE`, `DEV_MEMBERS_DIFFER`, ...
 */
export async function startDevCluster(options: DevClusterOptions): Promise<DevCluster> {
  const directory = resolve(options.directory)
  // Beside the directory, not in it: a fresh start removes what is in it.
  const lock = takeProcessLock(`${directory}.pid`)
  if (typeof lock === 'number') {
    throw new DevClusterError(
      'DEV_DIRECTORY_IN_USE',
      `${directory} is in use by process ${lock}: stop that cluster first, or name another directory`,
      { directory, pid: lock },
    )
  }
  try {
    const plan = await openPlan({
      directory,
      members: options.members,
      fresh: options.fresh ?? false,
      ports: options.ports ?? 'default',
      hosts: options.hosts,
    })
    // With hosts of their own members listen elsewhere.
    if (options.hosts === undefined) await whenFree(plan.members)
    const { vendorPublicKey: key } = options
    const vendorPublicKey = typeof key === 'function' ? key(directory) : key
    const certificates = options.tls ? await DevCertificates.open(directory, plan.cluster) : undefined
    for (const member of plan.members) await certificates?.issueMember(member)
    return new DevCluster(directory, plan, { ...options, vendorPublicKey, certificates }, lock)
  } catch (error) {
    lock.release()
    throw error
  }
}

/** A running development cluster. Made by {@link startDevCluster}. */
export class DevCluster {
  readonly directory: string
  readonly #options: ReadyOptions
  readonly #lock: ProcessLock
  readonly #members: Member[] = []
  readonly #asker: MemberAsker
  #plan: Plan
  #closing: Promise<void> | undefined

  constructor(directory: string, plan: Plan, options: ReadyOptions, lock: ProcessLock) {
    this.directory = directory
    this.#plan = plan
    this.#options = options
    this.#lock = lock
    for (const planned of plan.members) this.#start(planned)
    this.#asker = new MemberAsker(this.addresses, this.network)
  }

  /** Files that clients need, if the cluster has TLS. */
  get tls(): DevTls | undefined {
    return this.#options.certificates?.tls
  }

  /** What `connect` and `openAdmin` need beside the addresses; as an administrator. */
  get network(): Pick<ConnectOptions, 'tls'> {
    const { tls } = this
    if (tls === undefined) return {}
    return {
      tls: { ca: readFileSync(tls.ca), cert: readFileSync(tls.admin.cert), key: readFileSync(tls.admin.key) },
    }
  }

  get members(): readonly DevMember[] {
    return this.#members
  }

  /** Client addresses of all members, as `connect` and `--addresses` take them. */
  get addresses(): string[] {
    return this.#members.map((member) => member.client)
  }

  member(name: string): DevMember {
    return this.#find(name)
  }

  /** Sends a signal; for one that ends the process (default SIGKILL), resolves when it is gone. */
  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const member = this.#find(name)
    const running = member.process
    if (running === undefined) return
    const ends = signal !== 'SIGSTOP' && signal !== 'SIGCONT'
    if (ends) member.ending = true
    running.kill(signal)
    if (ends) await running.whenExited
  }

  /** Starts a member that does not run; stops it first, cleanly, if it does. */
  async restart(name: string): Promise<void> {
    const member = this.#find(name)
    if (member.process !== undefined) await this.stop(name)
    member.start(this.#options.onExit)
  }

  /** Stops a member cleanly: it hands leadership over first. */
  async stop(name: string): Promise<ProcessEnd | undefined> {
    const member = this.#find(name)
    if (member.process === undefined) return undefined
    member.ending = true
    return member.process.stop(STOP_GRACE_MS)
  }

  /**
   * Starts the process of one more member. The cluster does not know it yet: `member.add` with its id, name
   * and addresses makes it a learner.
   */
  async addMember(): Promise<DevMember> {
    const { plan, member } = await planMember(this.directory, this.#plan)
    this.#plan = plan
    await this.#options.certificates?.issueMember(member)
    return this.#start(member)
  }

  /** Stops a member that the cluster has removed (`member.remove`) and forgets it; its data stays. */
  async removeMember(name: string): Promise<void> {
    await this.stop(name)
    this.#plan = forgetMember(this.directory, this.#plan, this.#find(name).id)
    this.#members.splice(this.#members.indexOf(this.#find(name)), 1)
  }

  /**
   * Resolves when one member leads and all running ones follow it.
   *
   * @throws DevClusterError `DEV_MEMBER_EXITED` with the end of its log, `DEV_NOT_READY`
   */
  async whenReady(options: WaitOptions = {}): Promise<void> {
    const asked = this.#members.filter((member) => member.running)
    await this.#poll('all members ready', options, async () => {
      for (const member of asked) {
        if (!member.running && !member.ending) throw exited(member)
      }
      const said = await Promise.all(
        asked.filter((member) => member.running).map((member) => this.#asker.ask(member.client)),
      )
      const leader = said[0]?.leader
      const agreed = leader !== undefined && said.every((view) => view?.leader === leader)
      return agreed && said.some((view) => view?.leads === true) ? true : undefined
    })
  }

  /** The member that leads; waits for one. */
  leader(options: WaitOptions = {}): Promise<DevMember> {
    return this.#poll('a leader', options, async () => {
      const running = this.#members.filter((member) => member.running)
      const said = await Promise.all(running.map((member) => this.#asker.ask(member.client)))
      return running.find((_, position) => said[position]?.leads === true)
    })
  }

  /** Stops all members, cleanly if they let themselves be stopped. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      await this.#asker.close()
      await Promise.all(this.#members.map((member) => this.stop(member.name)))
    } finally {
      this.#lock.release()
    }
  }

  #start(planned: PlannedMember): Member {
    const { timing, checkpoint, storage, logLevel, vendorPublicKey, borrowKey, certificates } = this.#options
    const tls = certificates?.filesOf(planned)
    const settings = { timing, checkpoint, storage, logLevel, vendorPublicKey, borrowKey, tls }
    const config = writeConfig(this.directory, this.#plan, planned, settings)
    const behind = this.#options.hosts?.[planned.id - 1]?.command
    const member = new Member(planned, this.directory, config, behind)
    this.#members.push(member)
    member.start(this.#options.onExit)
    return member
  }

  #find(name: string): Member {
    const member = this.#members.find((each) => each.name === name)
    if (member !== undefined) return member
    const names = this.#members.map((each) => each.name).join(', ')
    throw new DevClusterError('DEV_MEMBER_UNKNOWN', `no member is named '${name}'; there are ${names}`, {
      name,
      names,
    })
  }

  async #poll<T>(what: string, options: WaitOptions, look: () => Promise<T | undefined>): Promise<T> {
    const timeoutMs = options.timeoutMs ?? READY_TIMEOUT_MS
    const untilMs = performance.now() + timeoutMs
    for (;;) {
      options.signal?.throwIfAborted()
      if (this.#closing !== undefined) throw notReady('the cluster was closed', this.directory)
      const found = await look()
      if (found !== undefined) return found
      if (performance.now() >= untilMs) throw notReady(`${what}: not within ${timeoutMs} ms`, this.directory)
      await delay(POLL_MS, undefined, options.signal === undefined ? {} : { signal: options.signal })
    }
  }
}

class Member implements DevMember {
  readonly id: number
  readonly name: string
  readonly client: string
  readonly peer: string
  readonly admin: string
  readonly config: string
  readonly data: string
  readonly log: string
  /** Its end was asked for. */
  ending = false
  process: MemberProcess | undefined
  lastWords = ''
  readonly #behind: readonly string[] | undefined

  constructor(
    planned: PlannedMember,
    directory: string,
    config: string,
    behind: readonly string[] | undefined,
  ) {
    this.#behind = behind
    this.id = planned.id
    this.name = planned.name
    this.client = planned.client
    this.peer = planned.peer
    this.admin = planned.admin
    this.config = config
    this.data = join(directory, planned.name)
    this.log = join(directory, `${planned.name}.log`)
  }

  get pid(): number | undefined {
    return this.process?.pid
  }

  get running(): boolean {
    return this.process !== undefined
  }

  start(onExit: DevClusterOptions['onExit']): void {
    this.ending = false
    const started = new MemberProcess(this.config, this.log, this.#behind)
    this.process = started
    const onEnd = (end: ProcessEnd): void => {
      this.lastWords = started.lastWords(LOG_LINES_SHOWN)
      this.process = undefined
      onExit?.(this, end, this.ending)
    }
    started.whenExited.then(onEnd, () => onEnd({ code: null, signal: null }))
  }
}

function exited(member: Member): DevClusterError {
  return new DevClusterError(
    'DEV_MEMBER_EXITED',
    `${member.name} ended by itself; the last lines of ${member.log}:\n${member.lastWords}`,
    { name: member.name, log: member.log, lines: member.lastWords },
  )
}

function notReady(reason: string, directory: string): DevClusterError {
  return new DevClusterError('DEV_NOT_READY', `${reason}; the members' logs are in ${directory}`, {
    reason,
    directory,
  })
}
