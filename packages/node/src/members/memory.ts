import type { Hello, Memory } from '../peers/greeting.ts'

/** What is remembered of a member, without what only the one that asks needs to know. */
export interface Mark {
  readonly starts: number
  /** '' when it is not known. */
  readonly run: string
  readonly lastIndex: number
}

const NOTHING: Mark = { starts: 0, run: '', lastIndex: 0 }

/**
 * What this node remembers of the others: start counts and how far each log had got, from their
 * greetings, from the leader's progress and from the ledger's replicated marks. It only grows,
 * except when a member joins anew and is promoted: then it starts from what it has.
 */
export class PeerMemory {
  readonly #known = new Map<number, Mark>()
  /** The runs that this node founded the cluster with, if it did so since it started. */
  #founders: ReadonlyMap<number, string> = new Map()

  of(id: number): Mark {
    return this.#known.get(id) ?? NOTHING
  }

  /** A mark from the ledger or from the disk. */
  remember(id: number, mark: Mark): void {
    const known = this.of(id)
    const isNewRun = mark.starts > known.starts || (mark.starts === known.starts && known.run === '')
    this.#known.set(id, {
      starts: Math.max(known.starts, mark.starts),
      run: isNewRun ? mark.run : known.run,
      lastIndex: Math.max(known.lastIndex, mark.lastIndex),
    })
  }

  /**
   * A node greets: answers what was known before, and notes the new start.
   * A node that shows less than is known of it leaves the memory as it was.
   */
  greeted(hello: Hello): Memory {
    const before = this.of(hello.id)
    const newer = hello.starts > before.starts || (hello.starts === before.starts && before.run === '')
    if (newer) this.#known.set(hello.id, { ...before, starts: hello.starts, run: hello.run })
    const isFounder = this.#founders.get(hello.id) === hello.run
    return { ...before, founders: isFounder ? [...this.#founders] : [] }
  }

  /** This node founds the cluster together with these runs of the others. */
  founded(runs: ReadonlyMap<number, string>): void {
    this.#founders = runs
  }

  /** The leader saw that the member holds all committed entries up to `lastIndex`. */
  acknowledged(id: number, lastIndex: number): void {
    const known = this.of(id)
    if (lastIndex > known.lastIndex) this.#known.set(id, { ...known, lastIndex })
  }

  all(): ({ id: number } & Mark)[] {
    return [...this.#known].sort(([a], [b]) => a - b).map(([id, mark]) => ({ id, ...mark }))
  }
}
