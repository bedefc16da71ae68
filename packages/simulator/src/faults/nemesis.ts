import type { Random } from '../random.ts'
import { jump } from './clocks.ts'
import { damage, failing, fullDisk, oldDisk, slowDisk } from './disks.ts'
import { type Fault, later, type Stage } from './fault.ts'
import { breakConnections, flap, frames, oneWay, partition, slow } from './network.ts'
import { client, freeze, kill, killAll, killInDiskCall, stop } from './processes.ts'

const all: readonly Fault[] = [
  kill,
  killAll,
  killInDiskCall,
  stop,
  freeze,
  client,
  partition,
  oneWay,
  flap,
  breakConnections,
  frames,
  slow,
  failing,
  slowDisk,
  fullDisk,
  damage,
  oldDisk,
  jump,
]

/** Time between two looks at whether all members take part. */
const lookMs = 20

/** What goes wrong in one run: only some kinds of faults, so that each is also seen without the others. */
export class Nemesis {
  readonly #kinds: readonly { readonly fault: Fault; readonly weight: number }[]
  readonly #everyMs: number
  readonly #random: Random
  #isOver = false

  constructor(random: Random) {
    this.#random = random
    const share = random.pick([0.15, 0.3, 0.6])
    const drawn = all.filter(() => random.chance(share))
    const needsWitnesses = drawn.some((fault) => fault.needsWitnesses)
    this.#kinds = drawn
      .filter((fault) => !(needsWitnesses && fault.hidesMembers))
      .map((fault) => ({ fault, weight: random.fraction() }))
    this.#everyMs = random.pick([250, 600, 1_500])
  }

  get kinds(): string {
    return this.#kinds.map(({ fault }) => fault.name).join(', ')
  }

  /**
   * Waits for the founders: of a cluster that some have founded, and others forgot before they had, nothing is
   * lost and nothing comes; an administrator begins anew.
   */
  begin(stage: Stage): void {
    if (this.#isOver) return
    if (stage.cluster.present.every((member) => member.replica !== undefined)) this.#next(stage)
    else later(stage, lookMs, () => this.begin(stage))
  }

  #next(stage: Stage): void {
    if (this.#kinds.length === 0) return
    later(stage, this.#random.exponential(this.#everyMs), () => {
      if (this.#isOver) return
      const fault = this.#draw()
      const what = fault.strike(stage)
      if (what !== undefined) stage.world.trace.say('--', `${fault.name}: ${what}`)
      if (fault.needsWitnesses) this.begin(stage)
      else this.#next(stage)
    })
  }

  end(): void {
    this.#isOver = true
  }

  #draw(): Fault {
    let left = this.#random.fraction() * this.#kinds.reduce((sum, { weight }) => sum + weight, 0)
    for (const { fault, weight } of this.#kinds) {
      left -= weight
      if (left <= 0) return fault
    }
    return this.#kinds[0]!.fault
  }
}
