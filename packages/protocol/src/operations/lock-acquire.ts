import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { list, readField } from '../schema/containers.ts'
import { count, integer } from '../schema/scalars.ts'
import { byDefault, told } from '../schema/schema.ts'
import { lockRequest, owner, token, waitMs } from './shapes.ts'

const locks = told(
  list(lockRequest, { min: 1, max: limits.locksPerRequestMax, distinct: 'name' }),
  'Taken all together or not at all.',
)
const wait = byDefault(waitMs, 0)
const priority = byDefault(integer(-1_000, 1_000), 0, 'Chooses the victim of a deadlock: the lowest first.')
const counts = told(
  list(count, { max: limits.locksPerRequestMax }),
  'How often the owner holds each name now.',
)

/** Takes one or several locks in one step. */
export const lockAcquire = operation({
  code: 32,
  name: 'lock.acquire',
  kind: 'command',
  doc: 'Takes all locks or none; holds nothing while it waits. First come, first served, for each name.',
  fields: { owner, locks, waitMs: wait, priority },
  result: { token, counts },
  example: { owner: 'u1', locks: [{ name: 'SA1000001' }], waitMs: 5_000 },
  exampleResult: { token: 42, counts: [1] },
  build: (reader) => ({
    op: 'lock.acquire',
    owner: readField(reader, owner),
    locks: readField(reader, locks),
    waitMs: readField(reader, wait),
    priority: readField(reader, priority),
  }),
  buildResult: (reader) => ({ token: readField(reader, token), counts: readField(reader, counts) }),
})
