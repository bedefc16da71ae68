import type { Desk } from './desk.ts'
import { Random } from './random.ts'
import type { LicensesPlan } from './workload.ts'

/** Refusals that a workload provokes: more users than units, and rules that keep some of them for others. */
export const expectedRefusals = ['exhausted', 'reservedForOthers', 'overMax'] as const

/** The licenses with which one user is logged in. */
export class Badge {
  readonly #plan: LicensesPlan
  readonly #user: string
  readonly #host: string
  /** Functions that the user opens at each log-in: the same every time. */
  readonly #features: readonly string[]
  #grants: number[] = []
  #isRefused = false

  /** @param number position among all users: decides what the user works with */
  constructor(plan: LicensesPlan, user: string, number: number) {
    const random = new Random(number * 0x9e37 + 1)
    const { features, secondPercent } = plan.logIn
    const first = random.weighted(features)
    this.#plan = plan
    this.#user = user
    this.#host = `ws-${String(number).padStart(4, '0')}`
    this.#features = random.chance(secondPercent) ? [first, random.weighted(features)] : [first]
  }

  /** Takes a unit for each function, or shares the one that the user has already. Nobody waits here. */
  async logIn(desk: Desk): Promise<void> {
    this.#grants = []
    this.#isRefused = false
    for (const feature of this.#features) {
      if (await this.#checkOut(desk, feature, 0)) continue
      this.#isRefused = feature === this.#features[0]
      break
    }
  }

  /** One who was refused goes on with what needs no license, and now and then asks again: in the queue now. */
  async askAgain(desk: Desk): Promise<void> {
    const { againPercent, waitMs } = this.#plan.logIn
    const [feature] = this.#features
    if (!this.#isRefused || feature === undefined || !desk.random.chance(againPercent)) return
    this.#isRefused = !(await this.#checkOut(desk, feature, waitMs))
  }

  async logOut(desk: Desk): Promise<void> {
    const { owner } = desk
    for (const grant of this.#grants) await desk.ask({ op: 'license.checkin', owner, grant })
    this.#grants = []
  }

  async #checkOut(desk: Desk, feature: string, waitMs: number): Promise<boolean> {
    const { owner, server } = desk
    const who = { user: this.#user, group: server.company, company: server.branch, host: this.#host }
    const how = { product: 0, units: 1, mode: 'use', waitMs, priority: 0 } as const
    const expected = waitMs === 0 ? expectedRefusals : [...expectedRefusals, 'timeout']
    const reply = await desk.ask({ op: 'license.checkout', owner, feature, ...who, ...how }, expected)
    if (reply.ok) this.#grants.push(reply.value.grant)
    return reply.ok
  }
}
