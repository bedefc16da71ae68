import type { Model, Question, Step } from './model.ts'

export type Outcome<State, Action> =
  | { readonly kind: 'possible' }
  /** Nothing that was possible before lets this step have its answer by the time of its return. */
  | { readonly kind: 'impossible'; readonly step: Step<Action>; readonly states: readonly State[] }
  | { readonly kind: 'undecided' }

/**
 * One way the object may have come to the present moment: its state; which of the steps that are still open have
 * taken effect (`done`, ascending positions); which of those that may never happen did (`used`, likewise).
 */
interface Path<State> {
  readonly state: State
  readonly done: readonly number[]
  readonly used: readonly number[]
}

/** The search gave up. Never leaves this file. */
class TooManyMoves extends Error {}

/**
 * Decides whether the steps are linearizable, by just-in-time linearization (Wing and Gong 1993; Lowe, "Testing for
 * linearizability", 2017): events are read in order of time, and all ways that lead to the present are kept as a
 * set. A step takes effect when it must, at its return, or when another that must needs it. A step that only looks
 * takes effect as soon as it can, for that can never hurt. A step of unknown outcome, and the end of a lease, happen
 * only where they are needed: both stay possible for ever.
 *
 * The first attempt lets a step come forward only where another needs it; what it finds possible is possible. What
 * it does not is tried again with all open steps coming forward, for one may be possible only before another.
 */
export function search<State, Action>(
  { model, steps }: Question<State, Action>,
  movesMax: number,
): Outcome<State, Action> & { readonly moves: number } {
  const quick = new Search(model, steps, { forward: false, movesMax })
  const first = quick.run()
  if (first.kind !== 'impossible') return { ...first, moves: quick.moves }
  const thorough = new Search(model, steps, { forward: true, movesMax })
  return { ...thorough.run(), moves: quick.moves + thorough.moves }
}

interface Event {
  readonly timeNs: number
  readonly isCall: boolean
  readonly position: number
}

class Search<State, Action> {
  moves = 0
  readonly #model: Model<State, Action>
  readonly #steps: readonly Step<Action>[]
  readonly #forward: boolean
  readonly #movesMax: number
  #nowNs = 0
  /** Steps that must happen, called and not yet returned. */
  #open: number[] = []
  /** Steps that may happen, called so far. */
  readonly #maybe: number[] = []
  /** Of each of those, its kind at the present time. */
  readonly #kinds = new Map<number, string>()

  constructor(
    model: Model<State, Action>,
    steps: readonly Step<Action>[],
    { forward, movesMax }: { readonly forward: boolean; readonly movesMax: number },
  ) {
    this.#model = model
    this.#steps = steps
    this.#forward = forward
    this.#movesMax = movesMax
  }

  run(): Outcome<State, Action> {
    try {
      return this.#run()
    } catch (error) {
      if (error instanceof TooManyMoves) return { kind: 'undecided' }
      throw error
    }
  }

  #run(): Outcome<State, Action> {
    let paths: Path<State>[] = this.#model.initial.map((state) => ({ state, done: [], used: [] }))
    for (const { timeNs, isCall, position } of eventsOf(this.#steps)) {
      this.#nowNs = timeNs
      if (isCall) {
        if (this.#steps[position]!.returnNs === Number.POSITIVE_INFINITY) this.#maybe.push(position)
        else {
          this.#open.push(position)
          paths = paths.map((path) => this.#look(path, [position]))
        }
        continue
      }
      this.#kinds.clear()
      if (!paths.every(({ done }) => done.includes(position))) {
        const found = paths.flatMap((path) => this.#finish(path, position))
        if (found.length === 0)
          return { kind: 'impossible', step: this.#steps[position]!, states: paths.map(({ state }) => state) }
        paths = found
      }
      this.#open = this.#open.filter((at) => at !== position)
      paths = this.#distinct(paths.map((path) => ({ ...path, done: without(path.done, position) })))
    }
    return { kind: 'possible' }
  }

  /** The paths that go on from this one to where the step has happened. */
  #finish(path: Path<State>, position: number): Path<State>[] {
    if (path.done.includes(position)) return [path]
    if (!this.#forward) return this.#reach(path, position)
    const rivals = this.#rivalsOf(position)
    const seen = new Set([this.#key(path)])
    const queue = [path]
    const found: Path<State>[] = []
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      found.push(...this.#reach(next, position))
      for (const other of this.#first(rivals.filter((each) => !next.done.includes(each)))) {
        for (const reached of this.#reach(next, other)) {
          if (reached.done.includes(position)) {
            found.push(reached)
            continue
          }
          const key = this.#key(reached)
          if (seen.has(key)) continue
          seen.add(key)
          queue.push(reached)
        }
      }
    }
    return found
  }

  /** Of steps that are alike, the one that returns first. */
  #first(positions: readonly number[]): number[] {
    const first = new Map<string, number>()
    for (const at of positions) {
      const { alike, returnNs } = this.#steps[at]!
      const other = alike === undefined ? undefined : first.get(alike)
      if (other === undefined || returnNs < this.#steps[other]!.returnNs) first.set(alike ?? String(at), at)
    }
    return [...first.values()]
  }

  /** Open steps that may be possible only before this one, or before another of them. */
  #rivalsOf(position: number): number[] {
    const rivals = [position]
    for (const first of rivals)
      for (const other of this.#open)
        if (
          !rivals.includes(other) &&
          this.#model.hinders(this.#steps[first]!.action, this.#steps[other]!.action)
        )
          rivals.push(other)
    return rivals.slice(1)
  }

  /**
   * The shortest ways on from this path to where the step has happened: nothing happens that it does not need, for
   * all else can as well happen after it, unless it narrows what can.
   */
  #reach(path: Path<State>, position: number): Path<State>[] {
    const found: Path<State>[] = []
    const seen = new Set([this.#key(path)])
    let level = [path]
    while (level.length > 0) {
      const following: Path<State>[] = []
      for (const current of level) {
        if (current.done.includes(position)) {
          found.push(current)
          continue
        }
        const after = this.#happen(current, position)
        if (after.length > 0) {
          found.push(...after)
          if (!(this.#forward && this.#steps[position]!.narrows)) continue
        }
        for (const next of this.#moves(current, position)) {
          const key = this.#key(next)
          if (seen.has(key)) continue
          seen.add(key)
          following.push(next)
        }
      }
      level = following
    }
    return found
  }

  /** What may happen besides the step, and can lead to it. */
  #moves(path: Path<State>, position: number): Path<State>[] {
    const target = this.#steps[position]!.action
    const helpful: number[] = []
    for (const other of this.#open) {
      if (other === position || path.done.includes(other)) continue
      const help = this.#model.helps(path.state, this.#steps[other]!.action, target)
      if (help === 'no') continue
      if (help === 'may') helpful.push(other)
      else {
        const after = this.#happen(path, other)
        if (after.length > 0) return after
      }
    }
    const moves = this.#first(helpful).flatMap((other) => this.#happen(path, other))
    for (const state of this.#model.lapse(path.state, this.#nowNs, target)) {
      this.#count()
      moves.push(this.#look({ ...path, state }, this.#open))
    }
    for (const other of this.#best(path, target)) {
      this.#count()
      for (const state of this.#model.take(path.state, this.#steps[other]!.action))
        moves.push(this.#look({ ...path, state, used: including(path.used, other) }, this.#open))
    }
    return moves
  }

  /** Of the steps that may still happen and can help, one of each kind, and of those that are alike the best. */
  #best(path: Path<State>, target: Action): number[] {
    const best = new Map<string, number>()
    for (const other of this.#maybe) {
      const { action, alike, rank = 0 } = this.#steps[other]!
      if (path.used.includes(other) || this.#model.helps(path.state, action, target) === 'no') continue
      const kind = alike ?? this.#kindNow(other)
      const rival = best.get(kind)
      if (rival === undefined || rank < this.#steps[rival]!.rank!) best.set(kind, other)
    }
    return [...best.values()]
  }

  #happen(path: Path<State>, position: number): Path<State>[] {
    this.#count()
    return this.#model
      .take(path.state, this.#steps[position]!.action)
      .map((state) => this.#look({ ...path, state, done: including(path.done, position) }, this.#open))
  }

  /** Lets steps that only look happen, where their answer is right. */
  #look(path: Path<State>, positions: readonly number[]): Path<State> {
    let done = path.done
    for (const position of positions) {
      const step = this.#steps[position]!
      if (!step.observes || done.includes(position)) continue
      this.#count()
      const after = this.#model.take(path.state, step.action)
      if (after.length === 1 && after[0] === path.state) done = including(done, position)
    }
    return done === path.done ? path : { ...path, done }
  }

  /** One of each kind, and none that used more of the unknown than another that came to the same. */
  #distinct(paths: readonly Path<State>[]): Path<State>[] {
    if (paths.length < 2) return [...paths]
    const groups = new Map<string, { path: Path<State>; used: readonly string[] }[]>()
    for (const path of paths) {
      const key = `${path.done.join()}|${this.#model.key(path.state, this.#nowNs)}`
      const used = path.used.map((at) => this.#kindNow(at)).sort()
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [{ path, used }])
      else if (!group.some((other) => isPartOf(other.used, used)))
        groups.set(key, [...group.filter((other) => !isPartOf(used, other.used)), { path, used }])
    }
    return [...groups.values()].flatMap((group) => group.map(({ path }) => path))
  }

  #key({ state, done, used }: Path<State>): string {
    const kinds = used.map((at) => this.#kindNow(at)).sort()
    const key = `${done.join()}|${this.#model.key(state, this.#nowNs)}|${kinds.join()}`
    // Large states cost more.
    this.moves += key.length >> 7
    return key
  }

  #kindNow(position: number): string {
    let kind = this.#kinds.get(position)
    if (kind === undefined) {
      kind = this.#model.kind(this.#steps[position]!.action, this.#nowNs)
      this.#kinds.set(position, kind)
    }
    return kind
  }

  #count(): void {
    if (++this.moves > this.#movesMax) throw new TooManyMoves()
  }
}

/** In order of time; at the same time calls come first, so that operations that touch count as concurrent. */
function eventsOf(steps: readonly Step<unknown>[]): Event[] {
  const events: Event[] = []
  for (const [position, { callNs, returnNs }] of steps.entries()) {
    events.push({ timeNs: callNs, isCall: true, position })
    if (returnNs !== Number.POSITIVE_INFINITY) events.push({ timeNs: returnNs, isCall: false, position })
  }
  return events.sort((a, b) => a.timeNs - b.timeNs || Number(b.isCall) - Number(a.isCall))
}

function including(list: readonly number[], added: number): number[] {
  const at = list.findIndex((value) => value > added)
  return at < 0 ? [...list, added] : [...list.slice(0, at), added, ...list.slice(at)]
}

function without(list: readonly number[], removed: number): readonly number[] {
  return list.includes(removed) ? list.filter((value) => value !== removed) : list
}

/** Whether each element of the first sorted list is, as often, in the second one. */
function isPartOf(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0
  for (const value of part) {
    while (at < whole.length && whole[at]! < value) at++
    if (whole[at] !== value) return false
    at++
  }
  return true
}
