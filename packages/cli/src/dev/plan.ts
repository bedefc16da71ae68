import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { DevClusterError } from './errors.ts'
import { choosePorts, type PortChoice } from './ports.ts'

/** One member as the directory remembers it. Addresses are `host:port`. */
export interface PlannedMember {
  readonly id: number
  readonly name: string
  readonly client: string
  readonly peer: string
  readonly admin: string
  /** Joined after the cluster was made: its configuration names only where to find the others. */
  readonly added: boolean
}

/** Where a member runs, if not on loopback: for drills with a network between the members. */
export interface DevHost {
  /** IP address of its listeners. */
  readonly address: string
  /** What the member's command line is put behind, such as `ip netns exec NAME`; it must become the member. */
  readonly command: readonly string[]
}

/** What a development cluster's directory remembers between runs. */
export interface Plan {
  readonly version: 1
  readonly cluster: string
  readonly members: readonly PlannedMember[]
}

export interface NodeSettings {
  readonly timing?: { readonly heartbeatMs: number; readonly electionMs: number } | undefined
  readonly checkpoint?:
    | { readonly entries?: number; readonly size?: number; readonly keepSize?: number }
    | undefined
  readonly storage?: { readonly segmentSize: number } | undefined
  readonly logLevel?: string | undefined
  /** File with the public key of the vendor whose license keys may be installed. */
  readonly vendorPublicKey?: string | undefined
  /** Files of the authority, and of the member's own certificate. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string } | undefined
  /** File with the installation's private key; of use only with a vendor's key. */
  readonly borrowKey?: string | undefined
}

const PLAN_FILE = 'cluster.json'
const CLUSTER_NAME = 'dev'
const LOOPBACK = '127.0.0.1'
export const MEMBERS_MAX = 9

/** Reads the directory's plan, or makes one; `fresh` removes what a former cluster left there. */
export async function openPlan(options: {
  readonly directory: string
  readonly members: number | undefined
  readonly fresh: boolean
  readonly ports: PortChoice
  readonly hosts: readonly DevHost[] | undefined
}): Promise<Plan> {
  const directory = resolve(options.directory)
  const file = join(directory, PLAN_FILE)
  if (options.fresh) clearDirectory(directory, file)
  if (existsSync(file)) {
    const plan = readPlan(file)
    const founders = plan.members.filter((member) => !member.added).length
    if (options.members !== undefined && options.members !== founders) {
      throw new DevClusterError(
        'DEV_MEMBERS_DIFFER',
        `${directory} holds a cluster of ${founders} members, but ${options.members} were asked for`,
        { directory, found: founders, asked: options.members },
      )
    }
    mustListenAt(directory, plan, options.ports)
    return plan
  }
  const count = options.members ?? 3
  if (!Number.isInteger(count) || count < 1 || count > MEMBERS_MAX) {
    throw new RangeError(`members: ${count}, expected a whole number from 1 to ${MEMBERS_MAX}`)
  }
  const ports = await choosePorts(options.ports, count)
  const plan: Plan = {
    version: 1,
    cluster: CLUSTER_NAME,
    members: ports.map((own, position) => {
      return planned(position + 1, own, false, options.hosts?.[position]?.address)
    }),
  }
  mkdirSync(directory, { recursive: true })
  writePlan(directory, plan)
  return plan
}

/** Ports were chosen when the plan was made; clients know them. */
function mustListenAt(directory: string, plan: Plan, asked: PortChoice): void {
  if (typeof asked !== 'number') return
  const founders = plan.members.filter((member) => !member.added)
  if (founders.every(({ id, client }) => client === `${LOOPBACK}:${asked + id - 1}`)) return
  const found = founders.map(({ client }) => client).join(', ')
  throw new DevClusterError(
    'DEV_PORTS_DIFFER',
    `${directory} holds a cluster that listens on ${found}, but ports from ${asked} on were asked for`,
    { directory, found, asked },
  )
}

/** Plans one more member, to be added to the running cluster. */
export async function planMember(
  directory: string,
  plan: Plan,
): Promise<{ plan: Plan; member: PlannedMember }> {
  const [ports] = await choosePorts('free', 1)
  const id = Math.max(...plan.members.map((member) => member.id)) + 1
  const member = planned(id, ports!, true)
  const grown = { ...plan, members: [...plan.members, member] }
  writePlan(resolve(directory), grown)
  return { plan: grown, member }
}

/** Takes a member out of the plan. */
export function forgetMember(directory: string, plan: Plan, id: number): Plan {
  const left = { ...plan, members: plan.members.filter((member) => member.id !== id) }
  writePlan(resolve(directory), left)
  return left
}

/** Writes the member's configuration file and returns its path. */
export function writeConfig(
  directory: string,
  plan: Plan,
  member: PlannedMember,
  settings: NodeSettings,
): string {
  const file = join(resolve(directory), `${member.name}.yml`)
  const founders = plan.members.filter((each) => !each.added)
  const config = {
    cluster: plan.cluster,
    id: member.id,
    data: member.name,
    members: founders.map(({ id, name, peer, client }) => ({ id, name, peer, client })),
    listen: { client: member.client, peer: member.peer, admin: member.admin },
    ...(settings.tls !== undefined && { tls: settings.tls }),
    ...(settings.tls === undefined && !member.client.startsWith(`${LOOPBACK}:`) && { insecure: true }),
    ...(settings.timing === undefined ? {} : { timing: settings.timing }),
    ...(settings.checkpoint === undefined ? {} : { checkpoint: settings.checkpoint }),
    ...(settings.storage === undefined ? {} : { storage: settings.storage }),
    ...(settings.vendorPublicKey === undefined
      ? {}
      : {
          license: {
            vendorPublicKey: resolve(settings.vendorPublicKey),
            ...(settings.borrowKey === undefined ? {} : { borrowKey: resolve(settings.borrowKey) }),
          },
        }),
    ...(settings.logLevel === undefined ? {} : { log: { level: settings.logLevel } }),
  }
  writeFileSync(file, `# Written by 'tranca dev' at each start; changes here are lost.\n${stringify(config)}`)
  return file
}

function planned(
  id: number,
  ports: { client: number; peer: number; admin: number },
  added: boolean,
  host = LOOPBACK,
): PlannedMember {
  const at = (port: number): string => `${host}:${port}`
  return {
    id,
    name: `n${id}`,
    client: at(ports.client),
    peer: at(ports.peer),
    admin: at(ports.admin),
    added,
  }
}

function writePlan(directory: string, plan: Plan): void {
  writeFileSync(join(directory, PLAN_FILE), `${JSON.stringify(plan, null, 2)}\n`)
}

function readPlan(file: string): Plan {
  let plan: Plan | undefined
  try {
    plan = JSON.parse(readFileSync(file, 'utf8')) as Plan
  } catch (cause) {
    throw new DevClusterError('DEV_DIRECTORY_UNREADABLE', `${file} cannot be read`, { file }, { cause })
  }
  if (plan?.version !== 1 || !Array.isArray(plan.members) || plan.members.length === 0) {
    throw new DevClusterError('DEV_DIRECTORY_UNREADABLE', `${file} is not the plan of a cluster`, { file })
  }
  return plan
}

/** Never removes a directory that no development cluster made. */
function clearDirectory(directory: string, planFile: string): void {
  if (!existsSync(directory)) return
  if (!existsSync(planFile)) {
    if (readdirSync(directory).length === 0) return
    throw new DevClusterError(
      'DEV_DIRECTORY_FOREIGN',
      `${directory} is not empty and holds no development cluster: it is not removed`,
      { directory },
    )
  }
  rmSync(directory, { recursive: true, force: true })
}
