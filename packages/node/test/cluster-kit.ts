import { createServer } from 'node:net'
import { type Admin, connect, openAdmin, type Session } from '@tranca/client'
import { type Logger, pino } from 'pino'
import type { Test } from 'tap'
import { type Node, openNode, parseConfig } from '../src/index.ts'
import { Mortal } from './mortal.ts'

/** A sequence whose numbers have no gap: 000001, 000002, and so on. */
export const gapless = {
  kind: 'gapless',
  digits: 'decimal',
  width: 6,
  prefix: '',
  start: '000001',
  reset: 'never',
  utcOffsetMinutes: -180,
  reservationTtlMs: 0,
  warnBelow: 0,
} as const

export interface MemberAddress {
  readonly id: number
  readonly name: string
  readonly peer: string
  readonly client: string
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Asks until it is true; fails by name after a while. */
export async function until(
  what: string,
  check: () => boolean | Promise<boolean>,
  ms = 20_000,
): Promise<void> {
  const end = Date.now() + ms
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Real nodes in this process, on loopback, with their data under a test directory. */
export class TestCluster {
  readonly members: MemberAddress[] = []
  readonly nodes = new Map<number, Node>()
  readonly #mortals = new Map<number, Mortal>()
  /** How far all members' wall clocks are ahead of this machine's. */
  wallOffsetMs = 0
  readonly admin: Admin
  readonly #t: Test
  readonly #directory: string
  readonly #more: object
  readonly #sessions: Session[] = []

  private constructor(t: Test, members: MemberAddress[], more: object, directory = t.testdir()) {
    this.#t = t
    this.#directory = directory
    this.#more = more
    this.members = members
    this.admin = openAdmin(this.addresses)
  }

  static async start(
    t: Test,
    size: number,
    more: object = {},
    { wallOffsetMs = 0, directory }: { readonly wallOffsetMs?: number; readonly directory?: string } = {},
  ): Promise<TestCluster> {
    const cluster = new TestCluster(t, await TestCluster.addresses(size), more, directory)
    cluster.wallOffsetMs = wallOffsetMs
    t.teardown(() => cluster.close())
    await Promise.all(cluster.members.map((member) => cluster.startNode(member.id)))
    await cluster.whenServing()
    return cluster
  }

  static async addresses(size: number, firstId = 1): Promise<MemberAddress[]> {
    const ports = await freePorts(2 * size)
    return Array.from({ length: size }, (_, at) => ({
      id: firstId + at,
      name: `n${firstId + at}`,
      peer: `127.0.0.1:${ports[2 * at]}`,
      client: `127.0.0.1:${ports[2 * at + 1]}`,
    }))
  }

  get addresses(): string[] {
    return this.members.map((member) => member.client)
  }

  dataOf(id: number): string {
    return `${this.#directory}/n${id}`
  }

  configOf(id: number, more: object = {}) {
    return parseConfig(
      JSON.stringify({
        cluster: 'test',
        id,
        data: this.dataOf(id),
        members: this.members,
        timing: { heartbeatMs: 50, electionMs: 1_000 },
        ...this.#more,
        ...more,
      }),
      `${this.#directory}/n${id}.yml`,
    )
  }

  async startNode(id: number, more: object = {}, logger?: Logger): Promise<Node> {
    const level = process.env.TRANCA_LOG ?? 'silent'
    const mortal = new Mortal(() => Date.now() + this.wallOffsetMs)
    const { environment } = mortal
    const node = await openNode(this.configOf(id, more), { logger: logger ?? pino({ level }), environment })
    this.nodes.set(id, node)
    this.#mortals.set(id, mortal)
    return node
  }

  async stopNode(id: number): Promise<void> {
    await this.nodes.get(id)?.close()
    this.nodes.delete(id)
  }

  /** As kill -9: nothing is handed over. */
  async crashNode(id: number): Promise<void> {
    this.nodes.delete(id)
    await this.#mortals.get(id)!.kill()
  }

  /** From now on no write to the log of this member ends. */
  hangDisk(id: number): void {
    this.#mortals.get(id)!.hangDisk()
  }

  async whenServing(): Promise<void> {
    await this.admin.request({ op: 'member.list' }, { deadlineMs: 20_000 })
  }

  async session(options: { ttlMs?: number; client?: string } = {}): Promise<Session> {
    const session = await connect({
      addresses: this.addresses,
      namespace: 'production',
      client: options.client ?? 'app',
      ...options,
    })
    this.#sessions.push(session)
    return session
  }

  async status(id: number) {
    const member = this.members.find((one) => one.id === id)!
    return (await this.admin.ask(member.client, 'status', { deadlineMs: 5_000 })).status
  }

  async leader(): Promise<number> {
    let leader = 0
    await until('a leader that serves', async () => {
      for (const id of this.nodes.keys()) {
        const { role } = await this.status(id)
        const { health } = await this.admin.ask(this.members.find((one) => one.id === id)!.client, 'health')
        if (role === 'leader' && health.leader) leader = id
      }
      return leader !== 0
    })
    return leader
  }

  /** All running nodes have applied the same, and their ledgers are equal. */
  async whenEqual(): Promise<void> {
    await until('all nodes at one index', async () => {
      const reports = await Promise.all([...this.nodes.keys()].map((id) => this.status(id)))
      return reports.every((report) => {
        return report.applied === reports[0]!.applied && report.revision === reports[0]!.revision
      })
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.close({ deadlineMs: 0 }).catch(() => {})))
    await this.admin.close()
    await Promise.all([...this.nodes.values()].map((node) => node.close()))
    this.#t.comment('cluster closed')
  }
}
