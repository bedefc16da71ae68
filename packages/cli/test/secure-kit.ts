import { readFileSync, writeFileSync } from 'node:fs'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { type ConnectOptions, parseAddress } from '@tranca/client'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import { choosePorts } from '../src/dev/ports.ts'
import { run } from '../src/run.ts'
import { calmTiming, memoryIo, type Started, start, tranca, trancaJson, until } from './kit.ts'

export interface SecureMember {
  readonly id: number
  readonly name: string
  readonly client: string
  readonly peer: string
  readonly admin: string
}

export type Credentials = Required<Pick<ConnectOptions, 'tls'>>

const NOTHING_COMES_MS = 5_000

/** A cluster with TLS and tokens: processes with configurations and certificates as an administrator makes them. */
export class SecureCluster {
  readonly directory: string
  readonly members: readonly SecureMember[]
  readonly #t: Test
  readonly #running = new Map<number, Started>()
  readonly #ended: Started[] = []

  private constructor(t: Test, members: readonly SecureMember[]) {
    this.#t = t
    this.directory = t.testdir()
    this.members = members
  }

  static async start(t: Test, size: number, more: object = {}): Promise<SecureCluster> {
    const ports = await choosePorts('free', size)
    const members = ports.map((own, at) => ({
      id: at + 1,
      name: `n${at + 1}`,
      client: `127.0.0.1:${own.client}`,
      peer: `127.0.0.1:${own.peer}`,
      admin: `127.0.0.1:${own.admin}`,
    }))
    const cluster = new SecureCluster(t, members)
    t.teardown(() => cluster.close())
    for (const member of members) cluster.#writeConfig(member, more)
    await cluster.command(['cert', 'init', cluster.certs, '--config', join(cluster.directory, 'n1.yml')])
    for (const member of members) cluster.startMember(member.id)
    await cluster.whenServing()
    return cluster
  }

  get certs(): string {
    return join(this.directory, 'certs')
  }

  get addresses(): string[] {
    return this.members.map((member) => member.client)
  }

  startMember(id: number): void {
    const config = join(this.directory, `n${id}.yml`)
    this.#running.set(id, start(['node', 'start', '--config', config], { state: this.directory }))
  }

  async kill(id: number): Promise<void> {
    const process = this.#running.get(id)!
    process.kill('SIGKILL')
    await process.ended
    this.#running.delete(id)
    this.#ended.push(process)
  }

  /** All that the members have said. */
  logs(): string {
    return [...this.#ended, ...this.#running.values()].map((one) => one.stdout() + one.stderr()).join('\n')
  }

  /** TLS options with a certificate; it is made if need be. */
  async credentials(name: string, role: 'monitor' | 'client' | 'admin'): Promise<Credentials> {
    if (name !== 'admin') await this.command(['cert', 'client', this.certs, name, '--role', role, '--force'])
    return this.credentialsIn(join(this.certs, 'clients', name))
  }

  /** TLS options from `FILE.crt` and `FILE.key`. */
  credentialsIn(file: string): Credentials {
    const { ca } = this.trust.tls
    return { tls: { ca, cert: readFileSync(`${file}.crt`), key: readFileSync(`${file}.key`) } }
  }

  /** TLS options without a certificate of one's own. */
  get trust(): { tls: { ca: Buffer } } {
    return { tls: { ca: readFileSync(join(this.certs, 'ca.crt')) } }
  }

  /** Runs a command about certificates in this process; throws what it complained about. */
  async command(args: readonly string[]): Promise<string> {
    const io = memoryIo({}, () => Date.now())
    if ((await run(args, io)) !== 0) throw new Error(`${args.join(' ')}: ${io.err()}`)
    return io.out()
  }

  get adminOptions(): string[] {
    const file = join(this.certs, 'clients', 'admin')
    return ['--ca', join(this.certs, 'ca.crt'), '--cert', `${file}.crt`, '--key', `${file}.key`]
  }

  get surroundings() {
    return { state: this.directory, addresses: this.addresses }
  }

  async whenServing(): Promise<void> {
    const args = ['health', '--leader', '--quiet', ...this.adminOptions]
    await until(`a leader: ${this.logs()}`, async () => (await tranca(args, this.surroundings)).code === 0)
  }

  async leader(): Promise<number> {
    const status = await trancaJson<{ leader: { id: number } }>(
      ['status', ...this.adminOptions],
      this.surroundings,
    )
    return status.leader.id
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.kill(id)))
    this.#t.comment('cluster closed')
  }

  #writeConfig(member: SecureMember, more: object): void {
    const file = (name: string) => join('certs', name)
    const config = {
      cluster: 'erp',
      id: member.id,
      data: `data-${member.name}`,
      members: this.members.map(({ id, name, peer, client }) => ({ id, name, peer, client })),
      listen: { admin: member.admin },
      timing: calmTiming,
      log: { level: 'trace' },
      tls: {
        ca: file('ca.crt'),
        cert: file(join('members', `${member.name}.crt`)),
        key: file(join('members', `${member.name}.key`)),
      },
      ...more,
    }
    writeFileSync(join(this.directory, `${member.name}.yml`), stringify(config))
  }
}

/** Bytes to a port, and what comes back until it is enough or the other end closes; `error` says if it never does. */
export async function exchange(
  address: string,
  bytes: Uint8Array,
  tls?: ConnectionOptions,
  isEnough: (answer: Buffer) => boolean = () => false,
): Promise<{ readonly answer: Buffer; readonly error: string; readonly opened: boolean }> {
  const where = parseAddress(address)
  const socket: Socket | TLSSocket = tls === undefined ? connectTcp(where) : connectTls({ ...where, ...tls })
  const chunks: Buffer[] = []
  let error = ''
  let opened = false
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    if (isEnough(Buffer.concat(chunks))) socket.destroy()
  })
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    error = cause.code ?? cause.message
  })
  socket.on(tls === undefined ? 'connect' : 'secureConnect', () => {
    opened = true
    socket.write(bytes)
  })
  const timer = setTimeout(() => {
    error = 'was not closed'
    socket.destroy()
  }, 2 * NOTHING_COMES_MS)
  await new Promise<void>((resolve) => socket.once('close', () => resolve()))
  clearTimeout(timer)
  return { answer: Buffer.concat(chunks), error, opened }
}

/** Passes bytes on between a client and a node, and keeps what the client sent, by connection. */
export async function recorder(
  t: Test,
  target: string,
): Promise<{ readonly address: string; readonly sent: () => Buffer[] }> {
  const sent: Buffer[][] = []
  const server = createServer((socket) => {
    const chunks: Buffer[] = []
    sent.push(chunks)
    const onward = connectTcp(parseAddress(target))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.pipe(onward).pipe(socket)
    const end = () => {
      socket.destroy()
      onward.destroy()
    }
    for (const each of [socket, onward]) each.on('error', end).on('close', end)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  const { port } = server.address() as { port: number }
  return { address: `127.0.0.1:${port}`, sent: () => sent.map((chunks) => Buffer.concat(chunks)) }
}
