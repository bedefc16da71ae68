import { FailedDisk } from '../check/failed-disk.ts'
import type { Panel } from '../check/panel.ts'
import { type DiskPace, SimulatedDisk } from '../world/disk.ts'
import type { World } from '../world/world.ts'
import { type Address, Member, type Settings } from './member.ts'

/** Time between two looks at who has to be started. */
const lookMs = 20

/** The members, and the one who keeps them running. */
export class Cluster {
  readonly members: Member[] = []
  readonly settings: Settings
  /** A member is being replaced or is drained: until that is over no disk may lie. */
  isChanging = false
  readonly #world: World
  readonly #panel: Panel
  readonly #pace: DiskPace

  constructor(world: World, panel: Panel, settings: Settings, pace: DiskPace) {
    this.#world = world
    this.#panel = panel
    this.settings = settings
    this.#pace = pace
    for (const address of settings.founders) this.#install(address, settings.founders)
  }

  /** A machine with an empty disk, whose configuration names those who are there now. */
  add(address: Address): Member {
    return this.#install(address, this.#addresses)
  }

  #install(address: Address, founders: readonly Address[]): Member {
    const world = this.#world
    const host = world.addHost(address.name)
    let member: Member | undefined
    const disk = new SimulatedDisk({
      host,
      random: world.random.fork(),
      pace: { ...this.#pace },
      failures: new FailedDisk(address, (reason) => world.complain('failed disk', reason)),
      onCrash: () => member?.crash({ machine: true }),
    })
    member = new Member({
      world,
      panel: this.#panel,
      settings: { ...this.settings, founders },
      address,
      host,
      disk,
    })
    this.members.push(member)
    return member
  }

  /** Members that should run. */
  get present(): Member[] {
    return this.members.filter((member) => !member.isRemoved)
  }

  get #addresses(): Address[] {
    return this.present.map((member) => member.address)
  }

  get clientAddresses(): string[] {
    return this.present.map((member) => member.address.client)
  }

  /** The leader of the latest term that serves. */
  get leader(): Member | undefined {
    return this.present
      .filter((member) => member.isServing)
      .sort((a, b) => b.replica!.leadership.term - a.replica!.leadership.term)[0]
  }

  /** Starts who is off and may run again, and goes on doing so. */
  keepUp(): void {
    const { schedule } = this.#world
    for (const member of this.present) {
      if (member.status !== 'off' || schedule.nowMs < member.restartMs) continue
      if (member.refusal === undefined) member.start()
      else this.#repair(member)
    }
    schedule.at(schedule.nowMs + lookMs, () => this.keepUp())
  }

  #repair(member: Member): void {
    // Those of the first configuration may be gone.
    member.founders = this.#addresses
    member.repair().catch((error: unknown) => {
      if (member.disk.mayRefuse) member.status = 'off'
      else this.#world.complain('repair', `${member.name}: ${(error as Error).stack}`)
    })
  }

  /** All are there and have a vote: one can be spared. */
  get isWhole(): boolean {
    return this.present.every((member) => member.isUp && !member.isTainted && this.hasVote(member))
  }

  /** By the word of the leader; with a log of its own. */
  hasVote(member: Member): boolean {
    const isVoter = this.leader?.replica?.confState.voters.includes(member.id) ?? false
    return isVoter && member.replica?.confState.voters.includes(member.id) === true
  }

  /** How many more members may have disks that lie. */
  get taintsLeft(): number {
    if (this.isChanging) return 0
    const voters = this.leader?.replica?.confState.voters.length ?? 0
    return Math.floor((voters - 1) / 2) - this.present.filter((member) => member.isTainted).length
  }
}

/** Where a member listens. */
export function addressOf(id: number): Address {
  return { id, name: `n${id}`, peer: `10.0.0.${id}:5556`, client: `10.0.0.${id}:5555` }
}
