import { networkInterfaces } from 'node:os'
import { DrillError } from '../errors.ts'
import type { CuttableNetwork } from '../system.ts'
import type { Command } from './command.ts'
import { addressOf, hardwareAddressOf, NOBODY, PREFIX, subnetsToTry } from './plan.ts'

const LAST_HOST = 254

/**
 * Hosts of their own in network namespaces, a bridge between them in one more, and a cable from there to this host.
 * Every host knows the hardware addresses of all others by heart; a cut replaces one by that of nobody: what is sent
 * then is lost on the wire, without a word and in this direction only, and no connection is told.
 *
 * ```
 * this host ---- bridge (PREFIX-hub) ---- PREFIX-n1
 *                                    \---- PREFIX-n2
 *                                     \--- PREFIX-n3
 * ```
 */
export class HostNetwork implements CuttableNetwork {
  readonly #command: Command
  readonly #names: readonly string[]
  readonly #prefix: string
  readonly #subnet: number
  readonly #cuts = new Set<string>()

  private constructor(command: Command, names: readonly string[], id: number, subnet: number) {
    this.#command = command
    this.#names = names
    this.#prefix = `${PREFIX}${id}`
    this.#subnet = subnet
  }

  /**
   * @param id names of this network's parts hold it: the process that made it, so that a later run can tell what
   * was left behind by one that was killed
   * @throws DrillError `COMMAND_FAILED`; then nothing is left of it
   */
  static async make(command: Command, names: readonly string[], id = process.pid): Promise<HostNetwork> {
    const network = new HostNetwork(command, names, id, freeSubnet(id))
    try {
      await network.#make()
      return network
    } catch (error) {
      await network.remove()
      throw error
    }
  }

  addressOf(name: string): string {
    return addressOf(this.#subnet, this.#numberOf(name))
  }

  /** A command line put behind this runs on that host. */
  commandFor(name: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.#space(name)]
  }

  async cut(from: string, to: string): Promise<void> {
    this.#cuts.add(JSON.stringify([from, to]))
    await this.#neighbor(from, to, NOBODY)
  }

  async heal(): Promise<void> {
    const cuts = [...this.#cuts].map((pair) => JSON.parse(pair) as [string, string])
    this.#cuts.clear()
    await Promise.all(
      cuts.map(([from, to]) => this.#neighbor(from, to, hardwareAddressOf(this.#numberOf(to)))),
    )
  }

  /** Removes all parts, also of a network that was made in part. */
  async remove(): Promise<void> {
    const gone = (): undefined => undefined
    await this.#ip('link', 'del', this.#prefix).catch(gone)
    for (const name of ['hub', ...this.#names]) await this.#ip('netns', 'del', this.#space(name)).catch(gone)
  }

  async #make(): Promise<void> {
    const hub = this.#space('hub')
    await this.#ip('netns', 'add', hub)
    await this.#ip('-n', hub, 'link', 'add', 'bridge', 'type', 'bridge')
    await this.#ip('-n', hub, 'link', 'set', 'bridge', 'up')
    await this.#ip('link', 'add', this.#prefix, 'type', 'veth', 'peer', 'name', 'outside', 'netns', hub)
    await this.#plugIn('outside')
    const own = `${addressOf(this.#subnet, LAST_HOST)}/24`
    await this.#ip('addr', 'add', own, 'dev', this.#prefix)
    await this.#ip('link', 'set', this.#prefix, 'up')
    for (const name of this.#names) await this.#addHost(name)
    for (const from of this.#names) {
      for (const to of this.#names) {
        if (from !== to) await this.#neighbor(from, to, hardwareAddressOf(this.#numberOf(to)))
      }
    }
  }

  async #addHost(name: string): Promise<void> {
    const space = this.#space(name)
    const number = this.#numberOf(name)
    await this.#ip('netns', 'add', space)
    const peer = ['peer', 'name', name, 'netns', this.#space('hub')]
    await this.#ip('link', 'add', 'eth0', 'netns', space, 'type', 'veth', ...peer)
    await this.#plugIn(name)
    await this.#ip('-n', space, 'link', 'set', 'lo', 'up')
    await this.#ip('-n', space, 'link', 'set', 'eth0', 'address', hardwareAddressOf(number))
    await this.#ip('-n', space, 'addr', 'add', `${addressOf(this.#subnet, number)}/24`, 'dev', 'eth0')
    await this.#ip('-n', space, 'link', 'set', 'eth0', 'up')
  }

  async #plugIn(port: string): Promise<void> {
    await this.#ip('-n', this.#space('hub'), 'link', 'set', port, 'master', 'bridge', 'up')
  }

  async #neighbor(from: string, to: string, hardwareAddress: string): Promise<void> {
    const entry = [this.addressOf(to), 'lladdr', hardwareAddress, 'dev', 'eth0', 'nud', 'permanent']
    await this.#ip('-n', this.#space(from), 'neigh', 'replace', ...entry)
  }

  #ip(...args: string[]): Promise<string> {
    return this.#command('ip', args)
  }

  #space(name: string): string {
    return `${this.#prefix}-${name}`
  }

  #numberOf(name: string): number {
    return this.#names.indexOf(name) + 1
  }
}

/** Numbers of subnets are dealt out by process, past those that this host has already. */
function freeSubnet(id: number): number {
  const taken = Object.values(networkInterfaces()).flatMap(
    (each) => each?.map(({ address }) => address) ?? [],
  )
  for (const subnet of subnetsToTry(id)) {
    const start = addressOf(subnet, 0).replace(/0$/, '')
    if (!taken.some((address) => address.startsWith(start))) return subnet
  }
  throw new DrillError('CANNOT', 'no subnet of 198.18.0.0/15 is free')
}
