import type { Core } from '../core.ts'
import type { Row } from '../rows.ts'
import { type Keeping, keptFromMs } from './keeping.ts'
import type { DenialView } from './reads.ts'

/** A check-out that was refused. Row `e/<id>`. */
class Denial implements Row {
  readonly view: DenialView
  dirtyAt = -1
  stored = false
  gone = false

  constructor(view: DenialView) {
    this.view = view
  }

  rowKey(): string {
    return `e/${this.view.id}`
  }

  rowValue(): DenialView {
    return this.view
  }
}

/** The latest refusals, at most `denialsMax`, as many days as usage is kept. */
export class DenialLog {
  readonly #core: Core
  readonly #keeping: Keeping
  readonly #ring = new Map<number, Denial>()
  #oldest = 1
  #last = 0

  constructor(core: Core, keeping: Keeping) {
    this.#core = core
    this.#keeping = keeping
  }

  get size(): number {
    return this.#ring.size
  }

  add(denial: Omit<DenialView, 'id' | 'atMs'>): void {
    const { denialsMax } = this.#core.limits
    if (denialsMax === 0 || this.#keeping.usageDays === 0) return
    this.#last += 1
    const entry = new Denial({ id: this.#last, atMs: this.#core.wallMs, ...denial })
    this.#ring.set(this.#last, entry)
    this.#core.rows.mark(entry)
    this.forgetOld()
    while (this.#ring.size > denialsMax) this.#forgetOldest()
  }

  forgetOld(): void {
    const fromMs = keptFromMs(this.#core, this.#keeping)
    while (this.#ring.size > 0 && this.#ring.get(this.#oldest)!.view.atMs < fromMs) this.#forgetOldest()
  }

  #forgetOldest(): void {
    const oldest = this.#ring.get(this.#oldest)!
    this.#ring.delete(this.#oldest)
    this.#core.rows.remove(oldest)
    this.#oldest += 1
  }

  /** The latest first. */
  list(after: number | undefined, limit: number) {
    const denials: DenialView[] = []
    let id = after === undefined ? this.#last : Math.min(after - 1, this.#last)
    for (; id >= this.#oldest && denials.length < limit; id -= 1) denials.push(this.#ring.get(id)!.view)
    return id >= this.#oldest ? { denials, next: id + 1 } : { denials }
  }

  *all(): Generator<Row> {
    yield* this.#ring.values()
  }

  /** In the order of ids. */
  restore(value: unknown): void {
    const entry = new Denial(value as DenialView)
    entry.stored = true
    if (this.#ring.size === 0) this.#oldest = entry.view.id
    this.#ring.set(entry.view.id, entry)
    this.#last = entry.view.id
  }
}
