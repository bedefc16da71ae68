import { operation } from '../operation.ts'
import { list, map } from '../schema/containers.ts'
import { boolean, float, word } from '../schema/scalars.ts'
import { optional, told } from '../schema/schema.ts'

const report = map({
  ok: told(boolean, 'The node can do its work now.'),
  leader: told(boolean, 'It leads, and has committed an entry of its own term.'),
  reasons: told(list(word, { max: 64 }), 'Why it is not ok, in words.'),
  commitLatencyMs: optional(float, 'How long the last commits took.'),
})

/** Whether a node can do its work: a meaning, not an open port. */
export const health = operation({
  code: 113,
  name: 'health',
  kind: 'local',
  doc: 'Whether the node that is asked can do its work now.',
  fields: {},
  result: { health: report },
  example: {},
  exampleResult: { health: { ok: true, leader: true, reasons: [], commitLatencyMs: 0.75 } },
})
