import type { Clock } from '../environment/clock.ts'
import type { Welcome } from '../peers/greeting.ts'
import type { Electorate } from './electorate.ts'
import { type OwnState, RollCall, type Standing, type Verdict } from './roll-call.ts'

/**
 * Whether this node takes part, and how: from its first greeting to a voter's rights. See
 * {@link RollCall} for how it finds out, and docs/architecture.md for why.
 */
export class OwnStanding {
  readonly #self: number
  readonly #run: string
  readonly #decide: (verdict: Exclude<Verdict, { kind: 'wait' }>) => void
  readonly #roll: RollCall
  #standing: Standing
  #starts: number
  readonly #clock: Clock
  readonly #graceMs: number
  #decided = false
  /** A quorum has vouched; those who have not spoken yet may still do so for a moment. */
  #lingers = false
  /** Why it has no vote, in words. */
  #reason: string

  constructor(options: {
    self: number
    own: OwnState
    electorates: readonly Electorate[]
    clock: Clock
    /** How long members that have not answered are waited for once a quorum has. */
    graceMs: number
    /** Called once, when it is clear how this node takes part. */
    decide: (verdict: Exclude<Verdict, { kind: 'wait' }>) => void
  }) {
    const { own } = options
    this.#self = options.self
    this.#run = own.run
    this.#standing = own.standing
    this.#starts = own.starts
    this.#clock = options.clock
    this.#graceMs = options.graceMs
    this.#decide = options.decide
    this.#reason = own.standing === 'joining' ? 'rejoining: has no vote until it has caught up' : ''
    this.#roll = new RollCall({ self: options.self, own, electorates: options.electorates })
  }

  get standing(): Standing {
    return this.#standing
  }

  get starts(): number {
    return this.#starts
  }

  get run(): string {
    return this.#run
  }

  get isDecided(): boolean {
    return this.#decided
  }

  /** True when it may vote and stand for election. */
  get mayVote(): boolean {
    return this.#decided && this.#standing === 'member'
  }

  /** Why this node takes no part, or has no vote; undefined when it has one. */
  get complaint(): string | undefined {
    if (!this.#decided) return 'waits for a quorum of members to vouch for it'
    return this.#standing === 'member' ? undefined : this.#reason
  }

  begin(): void {
    this.#take(this.#roll.verdict())
  }

  onWelcome(welcome: Welcome): void {
    // What others remember of an earlier disk also matters after a start that looked well.
    if (this.#standing === 'joining') this.#raise(welcome)
    if (!this.#decided) this.#take(this.#roll.onWelcome(welcome))
  }

  /** A change that makes this node a voter was applied. True: it was meant for this very start. */
  promoted(starts: number | undefined): boolean {
    if (this.#standing !== 'joining' || starts === undefined || starts < this.#starts) return false
    this.#standing = 'member'
    return true
  }

  #raise(welcome: Welcome): void {
    const { memory } = welcome
    if (welcome.self.id === this.#self || memory.starts < this.#starts || memory.run === this.#run) return
    this.#starts = memory.starts + 1
  }

  #take(verdict: Verdict): void {
    if (verdict.kind === 'wait') return
    // Of two that could be asked, one may have forgotten what the other knows.
    if (verdict.kind === 'vouched' && this.#standing === 'member' && !this.#roll.hasHeardAll)
      return this.#linger()
    this.#settle(verdict)
  }

  #linger(): void {
    if (this.#lingers) return
    this.#lingers = true
    this.#clock.after(this.#graceMs, () => {
      this.#lingers = false
      const verdict = this.#roll.verdict()
      // One that was heard meanwhile may have told of other voters.
      if (!this.#decided && verdict.kind !== 'wait') this.#settle(verdict)
    })
  }

  #settle(verdict: Exclude<Verdict, { kind: 'wait' }>): void {
    this.#decided = true
    if (verdict.kind === 'join') {
      this.#standing = 'joining'
      this.#starts = Math.max(this.#starts, verdict.starts)
      this.#reason = verdict.reason
    } else if (verdict.kind === 'found') {
      this.#standing = 'member'
    }
    this.#decide(verdict)
  }
}
