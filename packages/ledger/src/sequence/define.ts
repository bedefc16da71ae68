import type { SequenceDefine } from '../commands.ts'
import type { Session } from '../graph.ts'
import { isName, nameKey } from '../names.ts'
import { invalid, type Result, refuse } from '../result.ts'
import type { Sequences } from './sequences.ts'
import { checkSameForm, checkSpec, isSameSpec } from './spec.ts'

// sequence.define: the same again is fine. Once there are numbers, their form (kind, digits, width,
// reset) stays; prefix, start of new scopes, TTL, offset and warning may change.

export function defineSequence(
  sequences: Sequences,
  session: Session,
  { name, spec }: SequenceDefine,
): Result {
  if (!isName(name) || name.includes('\0')) return invalid('name', name, 'a name without NUL')
  const bad = checkSpec(spec)
  if (bad !== undefined) return bad
  const { core, table } = sequences
  const key = nameKey(session.namespace, name)
  const sequence = table.get(key)
  if (sequence === undefined) {
    if (table.size >= core.limits.namesMax) return refuse('namesExceeded', { max: core.limits.namesMax })
    sequences.define(key, spec)
    return { ok: true, value: { created: true } }
  }
  if (sequence.counters.size > 0) {
    const differs = checkSameForm(sequence.spec, spec)
    if (differs !== undefined) return differs
  }
  if (!isSameSpec(sequence.spec, spec)) {
    sequence.redefine(spec)
    core.rows.mark(sequence)
  }
  return { ok: true, value: { created: false } }
}
