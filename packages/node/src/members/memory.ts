import type { Hello, Memory } from '../peers/greeting.ts'

const NOTHING: Memory = { starts: 0, run: '', lastIndex: 0 }

/**
 * What this node remembers of the others: start counts and how far each log had got, from their
 * greetings, from the leader's progress and from the ledger's replicated marks. It only grows,
 * except when a member joins anew and is promoted: then it starts from what it has.
 */
export class PeerMemory {
  readonly #known = new Map<number, Memory>()

  of(id: number): Memory {
    return this.#known.get(id) ?? NOTHING
  }

  /** A mark from the ledger or from the disk. */
  remember(id: number, mark: { starts: number; lastIndex: number }): void {
    const known = this.of(id)
    this.#known.set(id, {
      starts: Math.max(known.starts, mark.starts),
      run: mark.starts > known.starts ? '' : known.run,
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
    return before
  }

  /** The leader saw that the member holds all committed entries up to `lastIndex`. */
  acknowledged(id: number, lastIndex: number): void {
    const known = this.of(id)
    if (lastIndex > known.lastIndex) this.#known.set(id, { ...known, lastIndex })
  }

  all(): { id: number; starts: number; lastIndex: number }[] {
    return [...this.#known]
      .sort(([a], [b]) => a - b)
      .map(([id, { starts, lastIndex }]) => ({ id, starts, lastIndex }))
  }
}
