import type { Memory, Welcome } from '../peers/greeting.ts'

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
  /** A quorum knows nothing against this node: it may vote and stand. */
  | { readonly kind: 'vouched' }
  /** A quorum of founders is as empty as this node: a new cluster begins. */
  | { readonly kind: 'found' }
  /** This node has less than others remember, or was never a member: it takes part without a vote. */
  | { readonly kind: 'join'; readonly starts: number; readonly reason: string }

/**
 * Decides whether a starting node may take part. A directory alone cannot know that it is
 * yesterday's (docs/architecture.md, "What is on disk"), so the node first hears what the others remember
 * of it: how often it had started, and how far its log had got.
 */
export class RollCall {
  readonly #self: number
  readonly #own: OwnState
  /** Ids whose word counts: the voters, or the founders of a new cluster. */
  readonly #voters: ReadonlySet<number>
  readonly #heard = new Map<number, Welcome>()

  constructor(options: { self: number; own: OwnState; voters: Iterable<number> }) {
    this.#self = options.self
    this.#own = options.own
    this.#voters = new Set(options.voters)
  }

  /** A single node, or a joining one, has nobody to wait for. */
  begin(): Verdict {
    return this.#verdict()
  }

  onWelcome(welcome: Welcome): Verdict {
    this.#heard.set(welcome.self.id, welcome)
    const less = contradiction(this.#own, welcome.memory)
    if (less) {
      return {
        kind: 'join',
        starts: Math.max(welcome.memory.starts, this.#own.starts) + 1,
        reason: `member '${welcome.self.name}' remembers ${less}`,
      }
    }
    return this.#verdict()
  }

  #verdict(): Verdict {
    if (this.#own.standing === 'joining') return { kind: 'vouched' }
    if (!this.#voters.has(this.#self)) {
      if (this.#own.standing === 'member') return { kind: 'vouched' }
      return { kind: 'join', starts: this.#own.starts, reason: 'this node is not among the founders' }
    }
    let heard = 1
    for (const id of this.#heard.keys()) if (id !== this.#self && this.#voters.has(id)) heard++
    if (heard < Math.floor(this.#voters.size / 2) + 1) return { kind: 'wait' }
    return this.#own.standing === 'new' ? { kind: 'found' } : { kind: 'vouched' }
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
