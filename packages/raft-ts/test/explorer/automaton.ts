import type { Message, NodeId } from '../../src/index.ts'
import { type Durable, type Input, type Make, Member, type View, type Words } from './member.ts'
import { textOf } from './text.ts'

/** One local state of one member, met at least once. */
interface Local {
  readonly view: View
  /** How to get there: the state before and what happened, or a start from a disk. */
  readonly from: { readonly local: number; readonly input: Input } | { readonly durable: Durable }
  readonly next: Map<string, Step>
}

/** What an input does in a local state. */
export interface Step extends Words {
  readonly local: number
}

/**
 * One member as an automaton that is discovered while it is used. The core is deterministic, so what an
 * input does in a local state is worked out once, by a real `RawNode` that is led there by the inputs that
 * lead there, and remembered. A world of a million states consists of some thousand local ones: that is
 * what makes an exhaustive walk over the real code affordable.
 */
export class Automaton {
  readonly id: NodeId
  readonly #make: Make
  readonly #locals: Local[] = []
  readonly #byPicture = new Map<string, number>()

  constructor(id: NodeId, make: Make) {
    this.id = id
    this.#make = make
  }

  get size(): number {
    return this.#locals.length
  }

  view(local: number): View {
    return this.#locals[local]!.view
  }

  /** The local state of a member that starts from this disk. */
  start(durable: Durable): number {
    return this.#intern(new Member(this.id, durable, this.#make), { durable })
  }

  step(local: number, key: string, input: Input): Step {
    const { next } = this.#locals[local]!
    let step = next.get(key)
    if (step === undefined) {
      step = this.#workOut(local, input)
      next.set(key, step)
    }
    return step
  }

  #workOut(local: number, input: Input): Step {
    try {
      if (input.kind === 'crash') {
        const { durable } = this.#locals[local]!.view
        return {
          local: this.start(this.#make.spoil?.(durable) ?? durable),
          sent: [],
          answers: [],
          faults: [],
        }
      }
      const member = this.#lead(local)
      const words = member.handle(input)
      return { ...words, local: this.#intern(member, { local, input }) }
    } catch (error) {
      const fault = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      return { local, sent: [], answers: [], faults: [fault] }
    }
  }

  /** A member in the given local state. */
  #lead(local: number): Member {
    const inputs: Input[] = []
    let at = this.#locals[local]!
    while ('local' in at.from) {
      inputs.push(at.from.input)
      at = this.#locals[at.from.local]!
    }
    const member = new Member(this.id, at.from.durable, this.#make)
    for (const input of inputs.reverse()) if (input.kind !== 'crash') member.handle(input)
    return member
  }

  #intern(member: Member, from: Local['from']): number {
    const { picture } = member
    const known = this.#byPicture.get(picture)
    if (known !== undefined) return known
    const local = this.#locals.length
    this.#locals.push({ view: member.view(), from, next: new Map() })
    this.#byPicture.set(picture, local)
    return local
  }
}

/** Messages by number: equal ones share it. */
export class Messages {
  readonly #messages: Message[] = []
  readonly #byText = new Map<string, number>()
  /** Steps are remembered, so the very same object comes again and again. */
  readonly #byObject = new Map<Message, number>()

  number(message: Message): number {
    let number = this.#byObject.get(message)
    if (number !== undefined) return number
    const text = textOf(message)
    number = this.#byText.get(text)
    if (number === undefined) {
      number = this.#messages.length
      this.#messages.push(message)
      this.#byText.set(text, number)
    }
    this.#byObject.set(message, number)
    return number
  }

  get(number: number): Message {
    return this.#messages[number]!
  }
}
