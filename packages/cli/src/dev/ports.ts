import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { DevClusterError } from './errors.ts'

/** The three listeners of one member. */
export interface MemberPorts {
  readonly client: number
  readonly peer: number
  readonly admin: number
}

/** Where a development cluster listens when nothing else is asked for: 5555.., 5655.., 5755.. */
const FIRST_CLIENT_PORT = 5555
const PEER_OFFSET = 100
const ADMIN_OFFSET = 200
/**
 * Free ports are looked for below the range from which the system takes the source ports of outgoing
 * connections: a member that is down must find its port free again, and a dial of a closed port of that
 * range can end up connected to itself.
 */
const SEARCH_FROM = 12_000
const SEARCH_TO = 31_000
const ATTEMPTS_MAX = 200
/** Members of a killed parent end by themselves. */
const LEAVING_MS = 5_000
const POLL_MS = 50

/** `default`: the well-known ports if they are free, else free ones. `free`: free ones. A number: counted from it. */
export type PortChoice = 'default' | 'free' | number | readonly MemberPorts[]

/** Chooses ports that are free now. Another process may still take them before the members do. */
export async function choosePorts(choice: PortChoice, count: number): Promise<readonly MemberPorts[]> {
  if (typeof choice !== 'number' && typeof choice !== 'string') {
    if (choice.length < count) {
      throw new RangeError(`ports: given for ${choice.length} members, expected for ${count}`)
    }
    return choice.slice(0, count)
  }
  if (typeof choice === 'number') return portsFrom(choice, count)
  if (choice === 'default') {
    const usual = portsFrom(FIRST_CLIENT_PORT, count)
    if (await allFree(usual)) return usual
  }
  const chosen: MemberPorts[] = []
  const taken = new Set<number>()
  const next = async (): Promise<number> => {
    const port = await findFreePort(taken)
    taken.add(port)
    return port
  }
  while (chosen.length < count) {
    chosen.push({ client: await next(), peer: await next(), admin: await next() })
  }
  return chosen
}

/**
 * Resolves when all are free. What listens there may be a former cluster's, on its way out; if it stays, it could answer
 * in the place of members that cannot start.
 *
 * @param members with addresses of this machine, `host:port`
 * @throws DevClusterError `DEV_PORT_IN_USE`
 */
export async function whenFree(
  members: readonly {
    readonly name: string
    readonly client: string
    readonly peer: string
    readonly admin: string
  }[],
): Promise<void> {
  const untilMs = performance.now() + LEAVING_MS
  for (const { name, client, peer, admin } of members) {
    for (const address of [client, peer, admin]) {
      while (!(await isFree(Number(address.slice(address.lastIndexOf(':') + 1))))) {
        if (performance.now() >= untilMs) {
          throw new DevClusterError('DEV_PORT_IN_USE', `${address} of ${name} is in use`, { name, address })
        }
        await delay(POLL_MS)
      }
    }
  }
}

function portsFrom(first: number, count: number): MemberPorts[] {
  return Array.from({ length: count }, (_, position) => ({
    client: first + position,
    peer: first + PEER_OFFSET + position,
    admin: first + ADMIN_OFFSET + position,
  }))
}

async function allFree(ports: readonly MemberPorts[]): Promise<boolean> {
  for (const { client, peer, admin } of ports) {
    for (const port of [client, peer, admin]) if (!(await isFree(port))) return false
  }
  return true
}

async function findFreePort(taken: ReadonlySet<number>): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const port = SEARCH_FROM + Math.floor(Math.random() * (SEARCH_TO - SEARCH_FROM))
    if (!taken.has(port) && (await isFree(port))) return port
  }
  throw new Error(`no free port found between ${SEARCH_FROM} and ${SEARCH_TO} in ${ATTEMPTS_MAX} attempts`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
