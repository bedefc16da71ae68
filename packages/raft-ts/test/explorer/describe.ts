import type { Message } from '../../src/index.ts'
import type { Action } from './action.ts'
import type { Step } from './automaton.ts'
import { nameOf } from './member.ts'
import { textOf } from './text.ts'

/** One line of a trace: what happened, and what was said about it. */
export function describeMove({ id, input, spends }: Action, step: Step | undefined): string {
  const what = input.kind === 'deliver' ? describeMessage(input.message) : deed(input)
  const again = spends === 'duplicate' ? ' (and stays on its way)' : ''
  const fault = step?.faults[0]
  return `${id}: ${what}${again}${fault === undefined ? '' : ` -> ${fault}`}`
}

function deed(input: Exclude<Action['input'], { kind: 'deliver' }>): string {
  switch (input.kind) {
    case 'campaign':
      return 'stands for election'
    case 'tick':
      return 'a tick'
    case 'stored':
      return 'its oldest write is durable'
    case 'applied':
      return 'its oldest committed entries are applied'
    case 'compact':
      return 'makes a snapshot and cuts its log'
    case 'crash':
      return 'crashes and starts again'
    case 'propose':
      return `${input.name} is proposed`
    case 'read':
      return `${input.name} is asked`
    case 'change':
      return `a change of members is proposed: ${textOf(input.change)}`
    case 'transfer':
      return `is told to hand over to ${input.to}`
    default:
      return input satisfies never
  }
}

function describeMessage(m: Message): string {
  const { type, from, to: _, term, ...rest } = m
  const fields = Object.entries(rest).map(([name, value]) =>
    name === 'entries' && m.type === 'append'
      ? `entries [${m.entries.map(nameOf).join(', ')}]`
      : `${name} ${textOf(value)}`,
  )
  return `gets ${type} of ${from} in term ${term}${fields.length === 0 ? '' : ` (${fields.join(', ')})`}`
}
