import type { Memory, Welcome } from '../peers/greeting.ts'
import type { Electorate } from './electorate.ts'

export type Standing = 'new' | 'joining' | 'member'

/** What this node knows of itself when it starts. */
export interface OwnState {
  readonly standing: Standing
  readonly starts: number
  readonly run: string
  /** Index of the last durable entry of its log. */
  readonly lastIndex: number
}

export type Verdict =
  /** Not enough members have answered yet: take no part. */
  | { readonly kind: 'wait' }
  /** A quorum of members knows nothing against this node: it may vote and stand. */
  | { readonly kind: 'vouched' }
  /** All founders are as empty as this node: a new cluster begins, with these runs of them. */
  | { readonly kind: 'found'; readonly runs: ReadonlyMap<number, string> }
  /** This node has less than others remember, or was never a member: it takes part without a vote. */
  | { readonly kind: 'join'; readonly starts: number; readonly reason: string }

/**
 * Decides whether a starting node may take part. A directory alone cannot know that it is
 * yesterday's, or that an empty one was not empty before (docs/architecture.md, "What is on disk"),
 * so the node first hears what the others remember of it: how often it had started, in which run,
 * and how far its log had got.
 *
 * An empty node founds a cluster only together with **all** founders, each empty in the run that it
 * met; or when one that did so says that it met this very run. Any other member that it meets means
 * that there is a cluster already: it joins.
 *
 * Whose word counts may have changed while a member was away, or since the checkpoint that it fell back to: the
 * newest electorate that it has heard of decides, its own or another member's. What speaks against it counts
 * whoever says it.
 */
export class RollCall {
  readonly #self: number
  readonly #own: OwnState
  /** Whose word counts: the newest that is known to be committed, and any that may be; or the founders. */
  #electorates: readonly Electorate[]
  readonly #heard = new Map<number, Welcome>()

  constructor(options: { self: number; own: OwnState; electorates: readonly Electorate[] }) {
    this.#self = options.self
    this.#own = options.own
    this.#electorates = options.electorates
  }

  /** Nobody is left who might know something. */
  get hasHeardAll(): boolean {
    return this.#electorates.every(({ voters }) =>
      voters.every((id) => id === this.#self || this.#heard.has(id)),
    )
  }

  onWelcome(welcome: Welcome): Verdict {
    const { self, memory } = welcome
    this.#heard.set(self.id, welcome)
    const less = contradiction(this.#own, memory)
    if (less) return this.#join(memory.starts, `member '${self.name}' remembers ${less}`)
    if (this.#own.standing === 'new' && this.#belongs(self)) {
      // Those whom only the other one has met found it, too, and will ask this node.
      return memory.founders.length > 0
        ? { kind: 'found', runs: new Map([...memory.founders, ...this.#runs()]) }
        : this.#join(memory.starts, `member '${self.name}' belongs to a cluster already`)
    }
    if (this.#own.standing === 'member') this.#follow(self.electorate)
    return this.verdict()
  }

  /** By what was heard so far. A single node, or a joining one, has nobody to wait for. */
  verdict(): Verdict {
    const { standing } = this.#own
    if (standing === 'joining') return { kind: 'vouched' }
    const own = this.#electorates.filter(({ voters }) => voters.includes(this.#self))
    if (own.length === 0) {
      return standing === 'member'
        ? { kind: 'vouched' }
        : this.#join(0, 'this node is not among the founders')
    }
    if (standing === 'new') {
      const isWhole = own.every((founders) => this.#count(founders, 'new') === founders.voters.length)
      return isWhole ? { kind: 'found', runs: this.#runs() } : { kind: 'wait' }
    }
    // A node that is empty or joins itself cannot vouch for a member.
    const isQuorum = own.some((one) => this.#count(one, 'member') > one.voters.length / 2)
    return isQuorum ? { kind: 'vouched' } : { kind: 'wait' }
  }

  /** It is not empty. One that only waits to be added, and is no founder, says nothing about a cluster. */
  #belongs({ id, standing }: Welcome['self']): boolean {
    if (standing === 'joining') return this.#electorates.some(({ voters }) => voters.includes(id))
    return standing === 'member'
  }

  /** What another member has applied is committed. */
  #follow(heard: Electorate | undefined): void {
    if (heard === undefined || heard.index <= this.#electorates[0]!.index) return
    if (!heard.voters.includes(this.#self)) return
    this.#electorates = [heard, ...this.#electorates.filter(({ index }) => index > heard.index)]
  }

  /** Voters of that standing who have been heard, this node included. */
  #count({ voters }: Electorate, wanted: Standing): number {
    return voters.filter((id) => id === this.#self || this.#heard.get(id)?.self.standing === wanted).length
  }

  #runs(): ReadonlyMap<number, string> {
    return new Map([...this.#heard].map(([id, { self }]) => [id, self.run]))
  }

  #join(remembered: number, reason: string): Verdict {
    return { kind: 'join', starts: Math.max(remembered, this.#own.starts) + 1, reason }
  }
}

/** What a member's memory says against a node, in words; undefined if nothing. */
function contradiction(own: OwnState, memory: Memory): string | undefined {
  if (memory.starts > own.starts) {
    return `${memory.starts} starts of this node, its directory knows of ${own.starts}: an older copy was brought back`
  }
  if (memory.starts === own.starts && memory.run !== '' && memory.run !== own.run) {
    return `another run under start number ${own.starts}: an older copy of the directory was brought back`
  }
  if (memory.lastIndex > own.lastIndex) {
    return `entries of this node up to ${memory.lastIndex}, its log ends at ${own.lastIndex}: entries were lost`
  }
  return undefined
}
