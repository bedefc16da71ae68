import type { NodeId } from '../../src/index.ts'
import type { Action } from './action.ts'
import { Automaton, Messages, type Step } from './automaton.ts'
import { describeMove } from './describe.ts'
import type { Durable, Input, Make } from './member.ts'
import { type Memory, memoryOf, type Scene } from './scene.ts'
import { textOf } from './text.ts'
import { judge } from './truths.ts'
import { type Budget, confStateOf, disk, type Goal, idsOf, type Spending, type World } from './world.ts'

export interface SearchOptions {
  /** The budgets of `World.deep`. */
  readonly deep?: boolean
  /** Moves of a history at most. */
  readonly depthMax?: number
  /** States at most; the walk then ends, incomplete. */
  readonly statesMax?: number
  readonly spoil?: (durable: Durable) => Durable
}

export interface Outcome {
  readonly world: World
  readonly states: number
  /** Distinct states of single members. */
  readonly locals: number
  readonly depth: number
  /** Every state within the budget was seen. */
  readonly complete: boolean
  readonly violation: { readonly truth: string; readonly trace: readonly string[] } | undefined
  readonly unreached: readonly Goal[]
}

const SPENDINGS: readonly Spending[] = [
  'campaign',
  'tick',
  'propose',
  'read',
  'transfer',
  'change',
  'compact',
  'crash',
  'duplicate',
]

/** A state of the world: numbers only, so that millions fit. */
interface State {
  readonly locals: readonly number[]
  /** Numbers of the messages on their way, ascending; a message that is there already is not sent twice. */
  readonly net: readonly number[]
  readonly memory: number
  /** What is spent, in the order of SPENDINGS. */
  readonly spent: readonly number[]
}

/** Walks a world breadth first, so that the first history that breaks a truth is a shortest one. */
export function search(world: World, options: SearchOptions = {}): Outcome {
  return new Search(world, options).run()
}

class Search {
  readonly #world: World
  readonly #options: SearchOptions
  readonly #budget: readonly number[]
  readonly #automata: readonly Automaton[]
  readonly #messages = new Messages()
  readonly #memories: Memory[] = []
  readonly #memoryNumbers = new Map<string, number>()
  readonly #seen = new Map<string, number>()
  /** For the trace: where each state came from, and by what. */
  readonly #parents: number[] = []
  readonly #actions: (Action | undefined)[] = []
  readonly #interned = new Map<string, Action>()
  #unreached: Goal[]
  #violation: { truth: string; trace: string[] } | undefined

  constructor(world: World, options: SearchOptions) {
    this.#world = world
    this.#options = options
    const budget: Budget = options.deep ? world.deep : world.budget
    this.#budget = SPENDINGS.map((each) => budget[each] ?? 0)
    const make: Make = {
      options: world.options ?? {},
      confState: confStateOf(world),
      writes: world.writes ?? 'instant',
      applies: world.applies ?? 'instant',
      ...(options.spoil === undefined ? {} : { spoil: options.spoil }),
    }
    this.#automata = idsOf(world).map((id) => new Automaton(id, make))
    this.#unreached = [...world.reaches]
  }

  run(): Outcome {
    const { depthMax = Number.POSITIVE_INFINITY, statesMax = Number.POSITIVE_INFINITY } = this.#options
    let frontier: { state: State; number: number }[] = []
    let depth = 0
    let complete = true
    const first = this.#begin()
    if (first !== undefined) frontier.push({ state: first, number: this.#add(first, -1, undefined)! })
    while (frontier.length > 0 && this.#violation === undefined) {
      if (depth >= depthMax || this.#seen.size >= statesMax) {
        complete = false
        break
      }
      depth++
      const next: { state: State; number: number }[] = []
      for (const { state, number } of frontier) {
        if (this.#violation !== undefined || this.#seen.size >= statesMax) break
        for (const action of this.#enabled(state)) {
          const after = this.#take(state, number, action)
          if (after === undefined) continue
          const found = this.#add(after, number, action)
          if (found !== undefined) next.push({ state: after, number: found })
        }
      }
      frontier = next
    }
    return {
      world: this.#world,
      states: this.#seen.size,
      locals: this.#automata.reduce((sum, { size }) => sum + size, 0),
      depth,
      complete: complete && this.#violation === undefined,
      violation: this.#violation,
      unreached: this.#unreached,
    }
  }

  #begin(): State | undefined {
    const { disks, elect } = this.#world
    const locals = this.#automata.map((each, i) => each.start(disks?.[i] ?? disk(0)))
    const spent = SPENDINGS.map(() => 0)
    const memory = this.#remember(memoryOf(this.#views(locals)))
    let state: State | undefined = { locals, net: [], memory, spent }
    if (elect === undefined) return state
    state = this.#take(state, -1, this.#action(elect, { kind: 'campaign' }, undefined))
    // Everything arrives and everything is written, in order, until nothing moves.
    while (state !== undefined) {
      const calm: State = state
      const action = this.#calmAction(calm)
      if (action === undefined) return { ...calm, spent }
      state = this.#take(calm, -1, action) ?? { ...calm, net: calm.net.filter((m) => m !== action.message) }
      if (this.#violation !== undefined) return undefined
    }
    return undefined
  }

  #calmAction(state: State): Action | undefined {
    for (const action of this.#threads(state)) return action
    for (const m of state.net) return this.#delivery(m, undefined)
    return undefined
  }

  /** The state is new: gives its number. */
  #add(state: State, parent: number, action: Action | undefined): number | undefined {
    const key = `${state.locals.join()}|${state.net.join()}|${state.memory}|${state.spent.join('')}`
    if (this.#seen.has(key)) return undefined
    const number = this.#parents.length
    this.#seen.set(key, number)
    this.#parents.push(parent)
    this.#actions.push(action)
    if (this.#unreached.length > 0) {
      const scene: Scene = { views: this.#views(state.locals), memory: this.#memories[state.memory]! }
      this.#unreached = this.#unreached.filter(({ reached }) => !reached(scene))
    }
    return number
  }

  /** The state after; undefined when nothing has changed, or a truth is broken. */
  #take(state: State, number: number, action: Action): State | undefined {
    const { id, input, key, spends, message } = action
    const automaton = this.#automata[id - 1]!
    const before = state.locals[id - 1]!
    const step = automaton.step(before, key, input)
    if (isIdle(step, before)) return undefined
    const locals = state.locals.slice()
    locals[id - 1] = step.local
    const memory = this.#judge(state, number, action, step, locals)
    if (memory === undefined) return undefined
    const kept = message >= 0 && spends === undefined ? state.net.filter((m) => m !== message) : state.net
    return {
      locals,
      net: this.#alive(this.#send(kept, step), locals),
      memory,
      spent:
        spends === undefined ? state.spent : state.spent.map((n, i) => (SPENDINGS[i] === spends ? n + 1 : n)),
    }
  }

  #judge(state: State, number: number, action: Action, step: Step, locals: number[]): number | undefined {
    const { id, input } = action
    const automaton = this.#automata[id - 1]!
    const verdict = judge(this.#memories[state.memory]!, {
      id,
      before: automaton.view(state.locals[id - 1]!),
      after: automaton.view(step.local),
      words: step,
      views: this.#views(locals),
      crashed: input.kind === 'crash',
      asked: input.kind === 'read' ? input.name : undefined,
    })
    if ('memory' in verdict)
      return verdict.memory === this.#memories[state.memory] ? state.memory : this.#remember(verdict.memory)
    this.#violation ??= { truth: verdict.broken, trace: [...this.#trace(number), describeMove(action, step)] }
    return undefined
  }

  #send(net: readonly number[], step: Step): readonly number[] {
    if (step.sent.length === 0) return net
    const all = net.slice()
    for (const m of step.sent) {
      if (m.to > this.#automata.length) continue
      const number = this.#messages.number(m)
      if (!all.includes(number)) all.push(number)
    }
    return all.sort((a, b) => a - b)
  }

  /**
   * Leaves out messages of a term that their receiver has left for good, if it really does nothing about
   * them: such a message can just as well be lost now. States that differ in nothing else become one.
   */
  #alive(net: readonly number[], locals: readonly number[]): readonly number[] {
    return net.filter((number) => {
      const { term, to } = this.#messages.get(number)
      const automaton = this.#automata[to - 1]!
      const local = locals[to - 1]!
      const { raw, durable } = automaton.view(local)
      if (term === 0 || term >= raw.term || term >= durable.hardState.term) return true
      const { input, key } = this.#delivery(number, undefined)
      return !isIdle(automaton.step(local, key, input), local)
    })
  }

  #remember(memory: Memory): number {
    const text = textOf(memory)
    let number = this.#memoryNumbers.get(text)
    if (number === undefined) {
      number = this.#memories.length
      this.#memories.push(memory)
      this.#memoryNumbers.set(text, number)
    }
    return number
  }

  #views(locals: readonly number[]) {
    return locals.map((local, i) => this.#automata[i]!.view(local))
  }

  *#enabled(state: State): Iterable<Action> {
    yield* this.#threads(state)
    const mayDuplicate = this.#left(state, 'duplicate')
    for (const m of state.net) {
      yield this.#delivery(m, undefined)
      if (mayDuplicate) yield this.#delivery(m, 'duplicate')
    }
    for (const [i, local] of state.locals.entries()) yield* this.#deeds(state, i + 1, local)
  }

  /** Writes and applying that are asked for and not done. */
  *#threads(state: State): Iterable<Action> {
    for (const [i, local] of state.locals.entries()) {
      const { writesPending, appliesPending } = this.#automata[i]!.view(local)
      if (writesPending > 0) yield this.#action(i + 1, { kind: 'stored' }, undefined)
      if (appliesPending > 0) yield this.#action(i + 1, { kind: 'applied' }, undefined)
    }
  }

  /** What a member, its clock or its users may do of their own accord. */
  *#deeds(state: State, id: NodeId, local: number): Iterable<Action> {
    const { termMax, changes = [], options } = this.#world
    const { raw } = this.#automata[id - 1]!.view(local)
    const may = (spending: Spending) =>
      this.#left(state, spending) && (this.#world.only?.[spending]?.includes(id) ?? true)
    const leads = raw.role === 'leader'
    if (!leads && raw.term < termMax && may('campaign'))
      yield this.#action(id, { kind: 'campaign' }, 'campaign')
    // Without leases a follower's ticks mean nothing but its election time-out, which `campaign` is.
    if ((leads || options?.checkQuorum) && may('tick')) yield this.#action(id, { kind: 'tick' }, 'tick')
    if (may('crash')) yield this.#action(id, { kind: 'crash' }, 'crash')
    if (may('compact')) yield this.#action(id, { kind: 'compact' }, 'compact')
    if (may('read') && raw.role !== 'candidate' && raw.leader !== 0)
      yield this.#action(id, { kind: 'read', name: `read ${this.#spent(state, 'read') + 1}` }, 'read')
    if (!leads) return
    if (may('propose'))
      yield this.#action(id, { kind: 'propose', name: `p${this.#spent(state, 'propose') + 1}` }, 'propose')
    const change = changes[this.#spent(state, 'change')]
    if (change !== undefined && may('change')) yield this.#action(id, { kind: 'change', change }, 'change')
    if (may('transfer'))
      for (const to of idsOf(this.#world))
        if (to !== id) yield this.#action(id, { kind: 'transfer', to }, 'transfer')
  }

  #spent(state: State, spending: Spending): number {
    return state.spent[SPENDINGS.indexOf(spending)]!
  }

  #left(state: State, spending: Spending): boolean {
    const at = SPENDINGS.indexOf(spending)
    return state.spent[at]! < this.#budget[at]!
  }

  #delivery(number: number, spends: 'duplicate' | undefined): Action {
    const key = `${number}${spends ?? ''}`
    let action = this.#interned.get(key)
    if (action === undefined) {
      const message = this.#messages.get(number)
      action = {
        id: message.to,
        input: { kind: 'deliver', message },
        key: `${number}`,
        spends,
        message: number,
      }
      this.#interned.set(key, action)
    }
    return action
  }

  #action(id: NodeId, input: Exclude<Input, { kind: 'deliver' }>, spends: Spending | undefined): Action {
    const key = textOf(input)
    const interned = `${id}${key}`
    let action = this.#interned.get(interned)
    if (action === undefined) {
      action = { id, input, key, spends, message: -1 }
      this.#interned.set(interned, action)
    }
    return action
  }

  /** What happened on the way to a state. */
  #trace(number: number): string[] {
    const actions: Action[] = []
    for (let at = number; at >= 0; at = this.#parents[at]!) {
      const action = this.#actions[at]
      if (action !== undefined) actions.push(action)
    }
    // The states on the way are not kept: walk the way again to tell what each move did.
    return actions.reverse().map((action) => describeMove(action, undefined))
  }
}

/** Nothing has changed and nothing was said. */
function isIdle({ local, sent, answers, faults }: Step, before: number): boolean {
  return local === before && sent.length === 0 && answers.length === 0 && faults.length === 0
}
