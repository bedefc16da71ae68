import type { NodeId } from '../../src/index.ts'
import type { Input } from './member.ts'
import type { Spending } from './world.ts'

/** What happens: an input of one member, and what it costs. */
export interface Action {
  readonly id: NodeId
  readonly input: Input
  /** The input in short: equal inputs of a member have equal keys. */
  readonly key: string
  /** A delivery that spends `duplicate` leaves its message on its way. */
  readonly spends: Spending | undefined
  /** The number of the message that arrives; -1 for anything else. */
  readonly message: number
}
