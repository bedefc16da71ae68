import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { list } from '../schema/containers.ts'
import { count, text } from '../schema/scalars.ts'
import { byDefault, optional, told } from '../schema/schema.ts'
import { namespaceAsked, prefix } from './shapes.ts'

/** Asks for events from now on, or from a revision. */
export const watchStart = operation({
  code: 114,
  name: 'watch.start',
  kind: 'local',
  doc: 'Asks for events. From a revision that is gone: `compacted`.',
  fields: {
    namespace: namespaceAsked,
    kinds: byDefault(
      list(text({ min: 1, max: 64, plain: true }), { max: limits.watchKindsMax }),
      [],
      'Kinds of events; none = all.',
    ),
    prefix,
    fromRevision: optional(count, 'First revision wanted; absent = from now on.'),
  },
  result: {
    watch: told(count, 'Number of the watch, on this connection.'),
    revision: told(count, 'Events after this one will come.'),
  },
  example: { namespace: 'producao', kinds: ['lock.granted'], prefix: 'SA1' },
  exampleResult: { watch: 1, revision: 5_000 },
})
