import type { DiskCall } from '@tranca/storage'
import type { Complain, Who } from './checker.ts'

/**
 * A write or sync that failed is never tried again, and its file not touched: what a disk has thrown away it would
 * report as stored the second time. The process ends instead.
 */
export class FailedDisk {
  readonly #complain: Complain
  readonly #who: Pick<Who, 'name'>
  /** Files of which a call failed in this life of the process. */
  readonly #paths = new Set<string>()
  #life = 0

  constructor(who: Pick<Who, 'name'>, complain: Complain) {
    this.#who = who
    this.#complain = complain
  }

  failed({ path }: Pick<DiskCall, 'path'>, life: number): void {
    this.#of(life).add(path)
  }

  called({ operation, path }: Pick<DiskCall, 'operation' | 'path'>, life: number): void {
    if (operation !== 'write' && operation !== 'sync') return
    if (this.#of(life).has(path))
      this.#complain(`${this.#who.name}: ${operation} of ${path} after one that had failed`)
  }

  /** Long after a call failed. */
  stillRuns(life: number): void {
    const paths = this.#of(life)
    if (paths.size > 0) this.#complain(`${this.#who.name} runs on after its disk failed at ${[...paths][0]}`)
  }

  #of(life: number): Set<string> {
    if (life !== this.#life) this.#paths.clear()
    this.#life = life
    return this.#paths
  }
}
