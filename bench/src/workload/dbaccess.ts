import { setTimeout as delay } from 'node:timers/promises'
import { RefusedError, SessionLostError } from '@tranca/client'
import type { OperationName, RequestOf, ResultOf } from '../record/operation.ts'
import { ClientGoneError, type Recorder } from '../record/recorder.ts'
import { ApplicationServer, type Life } from './application-server.ts'
import type { Surprise } from './desk.ts'
import { Random } from './random.ts'
import type { DbAccessPlan, SlavePlan, Workload } from './workload.ts'

// Domain section 2: the master leases data connections at its start and hands them out; for a slave's machine
// it takes the cores with the slave's first data connection, once per machine.

const features = { master: 'dbaccess.master', slave: 'dbaccess.slave' } as const
const connectionProduct = 4_092

export interface DbAccessOptions {
  readonly plan: DbAccessPlan
  readonly workload: Workload
  readonly addresses: readonly string[]
  readonly recorder: Recorder
  readonly surprise: Surprise
  readonly onEvent?: ((text: string) => void) | undefined
  readonly onLeader?: ((address: string | undefined) => void) | undefined
}

interface Lease {
  readonly life: Life
  readonly grant: number
}

/** A DBAccess master with its slaves, from its start until it is stopped. */
export class DbAccess {
  readonly #options: DbAccessOptions
  readonly #process: ApplicationServer
  readonly #owner = 'master'
  readonly #threads: Promise<void>[] = []
  /** What is to be checked in at the end. */
  readonly #cores: { readonly owner: string; readonly grant: number }[] = []
  #lease: Lease | undefined
  #isStopping = false

  constructor(options: DbAccessOptions) {
    const { plan, workload, addresses, recorder, onEvent, onLeader } = options
    this.#options = options
    const server = { name: plan.name, company: '', branch: '', users: 0 }
    this.#process = new ApplicationServer({ plan: server, workload, addresses, recorder, onEvent, onLeader })
  }

  /** Leases the data connections and lets the slaves work. Resolves when they have begun. */
  async start(): Promise<void> {
    const { plan, onEvent, workload } = this.#options
    const { name, host, licenseLimit: max, slaves } = plan
    const life = await this.#process.start()
    const owner = this.#owner
    // The master takes nothing for itself, but will not start without the product.
    const known = await this.#ask(life, {
      op: 'license.checkout',
      owner,
      ...asked(features.master, host, 1, 'query'),
    })
    if (known !== undefined) await this.#ask(life, { op: 'license.checkin', owner, grant: known.grant })
    const lease = await this.#ask(life, { op: 'license.pool', owner, product: connectionProduct, max, host })
    if (known === undefined || lease === undefined) return
    this.#lease = { life, grant: lease.grant }
    onEvent?.(`${name} on ${host} leases ${lease.units} data connections (product ${connectionProduct})`)
    let number = 0
    for (const slave of slaves) {
      const random = new Random(workload.seed + 0xdb + number++)
      const first = this.#firstConnection(slave, life)
      for (let thread = 0; thread < slave.threads; thread++) {
        const work = this.#work(slave, thread, random.fork(), this.#lease, first)
        // Whether it ended well is asked by `stop`, if the run gets so far.
        work.catch(() => undefined)
        this.#threads.push(work)
      }
    }
  }

  /** Lets open connections end, and gives everything back. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#threads)
    const lease = this.#lease
    if (lease === undefined) return
    await unlessGone(async () => {
      for (const cores of this.#cores) await this.#ask(lease.life, { op: 'license.checkin', ...cores })
      await this.#ask(lease.life, { op: 'license.checkin', owner: this.#owner, grant: lease.grant })
    })
  }

  async close(): Promise<void> {
    this.#isStopping = true
    await this.#process.close()
  }

  async #firstConnection(slave: SlavePlan, life: Life): Promise<void> {
    await unlessGone(async () => {
      const { name: owner, host, cores } = slave
      const reply = await this.#ask(life, {
        op: 'license.checkout',
        owner,
        ...asked(features.slave, host, cores, 'use'),
      })
      if (reply === undefined) return
      this.#cores.push({ owner, grant: reply.grant })
      const how = reply.status === 'waived' ? 'shares' : 'takes'
      this.#options.onEvent?.(`${owner} on ${host} ${how} ${cores} cores (product ${reply.product})`)
    })
  }

  async #work(
    slave: SlavePlan,
    thread: number,
    random: Random,
    lease: Lease,
    first: Promise<void>,
  ): Promise<void> {
    await first
    const request = { owner: this.#owner, grant: lease.grant, holder: `${slave.name}/${thread}` }
    await unlessGone(async () => {
      while (!this.#isStopping) {
        await delay(random.between(slave.thinkMs.min, slave.thinkMs.max))
        const taken = await this.#ask(lease.life, { op: 'license.poolTake', ...request }, ['exhausted'])
        if (taken === undefined) continue
        await delay(random.between(slave.workMs.min, slave.workMs.max))
        await this.#ask(lease.life, { op: 'license.poolGive', ...request })
      }
    })
  }

  async #ask<N extends OperationName>(
    { client, performer }: Life,
    request: RequestOf<N>,
    expected: readonly string[] = [],
  ): Promise<ResultOf<N> | undefined> {
    const { plan, recorder, surprise } = this.#options
    try {
      return await recorder.perform(client, performer, request)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      if (!expected.includes(error.code)) surprise(`${plan.name}: ${error.message}`)
      return undefined
    }
  }
}

function asked(feature: string, host: string, units: number, mode: 'use' | 'query') {
  return {
    feature,
    product: 0,
    user: '',
    group: '',
    company: '',
    host,
    units,
    mode,
    waitMs: 0,
    priority: 0,
  }
}

/** What a process did not finish before its session was lost is no longer its business. */
async function unlessGone(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof ClientGoneError || error instanceof SessionLostError)) throw error
  }
}
