import type { Codes } from './code/codes.ts'
import type { Resource } from './graph.ts'
import { queryLicenses } from './license/views.ts'
import type { Locks } from './lock/locks.ts'
import { byCodeUnits, nameKey, nameOf, page } from './names.ts'
import type {
  CodeList,
  Counts,
  LockGet,
  LockList,
  LockView,
  QueueEntry,
  Read,
  ReadValues,
  SemaphoreGet,
  SemaphoreList,
  SequenceGaps,
  SequenceGet,
  SequenceList,
  SessionList,
  SessionView,
} from './reads.ts'
import { type Result, refuse, type Value } from './result.ts'
import type { Semaphores } from './semaphore/semaphores.ts'
import { countAfter } from './sequence/digits.ts'
import type { Counter, Sequence } from './sequence/sequence.ts'
import { cap, nextNew, type Sequences } from './sequence/sequences.ts'
import type { State } from './state.ts'

export function countsOf(state: State): Counts {
  let waiting = 0
  for (const session of state.sessions.table.values()) waiting += session.waiting.size
  return {
    sessions: state.sessions.table.size,
    locks: state.locks.table.size,
    codes: state.codes.table.size,
    semaphores: state.semaphores.table.size,
    sequences: state.sequences.table.size,
    waiting,
  }
}

/** Answers a read from memory. Looks at everything of a kind only for lists. */
export function query(state: State, read: Read, asking: string): Result {
  const namespace = 'namespace' in read && read.namespace !== '' ? read.namespace : asking
  const { core } = state
  switch (read.op) {
    case 'lock.get':
      return answer(lockView(state.locks, namespace, read))
    case 'lock.list':
      return answer(lockList(state.locks, namespace, read))
    case 'code.list':
      return answer(codeList(state.codes, namespace, read))
    case 'semaphore.get':
      return semaphoreView(state.semaphores, namespace, read)
    case 'semaphore.list':
      return answer(semaphoreList(state.semaphores, namespace, read))
    case 'sequence.get':
      return sequenceView(state.sequences, namespace, read)
    case 'sequence.list':
      return answer(sequenceList(state.sequences, namespace, read))
    case 'sequence.gaps':
      return sequenceGaps(state.sequences, namespace, read)
    case 'session.list':
      return answer(sessionList(state, read))
    case 'session.get': {
      const session = state.sessions.table.get(read.session)
      if (session === undefined) return refuse('sessionUnknown', { session: read.session })
      return answer(state.sessions.view(session))
    }
    case 'member.list':
      return answer({ members: state.members.list() })
    case 'license.list':
    case 'license.grants':
    case 'license.explain':
    case 'license.usage':
    case 'license.denials':
    case 'license.validity':
    case 'key.show':
    case 'key.history':
    case 'license.rulesGet':
    case 'license.borrowed':
      return queryLicenses(state.licenses, read, namespace)
    default: {
      const never: never = read
      throw new TypeError(`unknown read ${JSON.stringify(never)} at entry ${core.index}`)
    }
  }
}

function answer(value: Value): Result {
  return { ok: true, value }
}

function limitOf(core: { readonly limits: { readonly listMax: number } }, limit: number): number {
  return Math.max(1, Math.min(limit, core.limits.listMax))
}

function withNext<V extends Value>(value: V, next: string | undefined): V {
  return next === undefined ? value : { ...value, next }
}

// --- locks and codes ---

function lockView(locks: Locks, namespace: string, { name }: LockGet): LockView {
  const lock = locks.table.get(nameKey(namespace, name))
  const { entriesShownMax, holdersShownMax } = locks.core.limits
  if (lock === undefined) return { name, holders: [], queue: [] }
  const view = { name, holders: lock.holders(holdersShownMax), queue: queueOf(lock, entriesShownMax) }
  if (lock.delay === undefined) return view
  return { ...view, delayMs: lock.delay.deadlineMs - locks.core.timeMs }
}

function lockList(
  locks: Locks,
  namespace: string,
  { prefix, after, limit }: LockList,
): ReadValues['lock.list'] {
  const { core, table } = locks
  const found = page(table.keys(), namespace, prefix, after, limitOf(core, limit))
  const views = found.keys.map((key) => {
    const lock = table.get(key)!
    const holders = lock.holders(core.limits.holdersShownMax)
    const view = { name: nameOf(key), holders, queued: lock.claimCount }
    return lock.delay === undefined ? view : { ...view, delayMs: lock.delay.deadlineMs - core.timeMs }
  })
  return withNext({ locks: views }, found.next)
}

function codeList(
  codes: Codes,
  namespace: string,
  { prefix, after, limit }: CodeList,
): ReadValues['code.list'] {
  const found = page(codes.table.keys(), namespace, prefix, after, limitOf(codes.core, limit))
  const views = found.keys.map((key) => ({ code: nameOf(key), holder: codes.table.get(key)!.view() }))
  return withNext({ codes: views }, found.next)
}

function queueOf(resource: Resource, max: number): QueueEntry[] {
  const queue: QueueEntry[] = []
  for (let claim = resource.firstClaim; claim !== undefined && queue.length < max; claim = claim.next) {
    const { waiter } = claim
    queue.push({
      session: waiter.owner.session.id,
      client: waiter.owner.session.client,
      owner: waiter.owner.name,
      mode: claim.mode,
      id: waiter.id,
      sinceMs: waiter.sinceMs,
      waitMs: waiter.waitMs,
    })
  }
  return queue
}

// --- semaphores ---

function semaphoreView(semaphores: Semaphores, namespace: string, { name }: SemaphoreGet): Result {
  const semaphore = semaphores.table.get(nameKey(namespace, name))
  if (semaphore === undefined) return refuse('unknownSemaphore', { name })
  const { holdersShownMax, entriesShownMax } = semaphores.core.limits
  return answer({
    name,
    total: semaphore.total,
    used: semaphore.used,
    explicit: semaphore.explicit,
    holders: semaphore.holders(holdersShownMax),
    queue: queueOf(semaphore, entriesShownMax),
  })
}

function semaphoreList(
  semaphores: Semaphores,
  namespace: string,
  { prefix, after, limit }: SemaphoreList,
): ReadValues['semaphore.list'] {
  const { core, table } = semaphores
  const found = page(table.keys(), namespace, prefix, after, limitOf(core, limit))
  const views = found.keys.map((key) => {
    const { total, used, explicit, claimCount } = table.get(key)!
    return { name: nameOf(key), total, used, explicit, queued: claimCount }
  })
  return withNext({ semaphores: views }, found.next)
}

// --- sequences ---

function sequenceView(sequences: Sequences, namespace: string, { name, scope }: SequenceGet): Result {
  const sequence = sequences.table.get(nameKey(namespace, name))
  if (sequence === undefined) return refuse('unknownSequence', { name })
  const { company, branch } = scope
  const period = sequences.period(sequence.spec, scope.period)
  const counter = sequence.counters.get(`${company}\0${branch}\0${period}`)
  const { timeMs, limits } = sequences.core
  const reservations = [...(counter?.reserved.values() ?? [])].sort((a, b) => byCodeUnits(a.value, b.value))
  const reserved = reservations.slice(0, limits.entriesShownMax).map(({ value, owner, deadlineMs }) => {
    const view = { value, session: owner.session.id, client: owner.session.client, owner: owner.name }
    return deadlineMs < 0 ? view : { ...view, expiresInMs: deadlineMs - timeMs }
  })
  const left =
    counter === undefined
      ? countAfter(sequence.spec.start, sequence.spec.digits) + 1n
      : countAfter(counter.last, sequence.spec.digits)
  return answer({ ...counts(sequence, counter, { company, branch, period }), reserved, left: cap(left) })
}

function sequenceList(
  sequences: Sequences,
  namespace: string,
  { prefix, after, limit }: SequenceList,
): ReadValues['sequence.list'] {
  const found = page(sequences.counters.keys(), namespace, prefix, after, limitOf(sequences.core, limit))
  const views = found.keys.map((key) => {
    const counter = sequences.counters.get(key)!
    const [company, branch, period] = counter.scopeKey.split('\0') as [string, string, string]
    const view = counts(counter.sequence, counter, { company, branch, period })
    return { ...view, reserved: counter.reserved.size }
  })
  return withNext({ sequences: views }, found.next)
}

function counts(
  sequence: Sequence,
  counter: Counter | undefined,
  scope: { readonly company: string; readonly branch: string; readonly period: string },
) {
  const { spec } = sequence
  const last = counter === undefined ? {} : { last: counter.last }
  const next = counter?.free.first() ?? nextNew(counter, spec) ?? ''
  const free = counter?.free.size ?? 0
  return { name: nameOf(sequence.key), scope, spec, ...last, next, free, gaps: counter?.gaps.length ?? 0 }
}

/** In the order in which they were recorded; `after` is the number of the last one shown. */
function sequenceGaps(
  sequences: Sequences,
  namespace: string,
  { name, scope, after, limit }: SequenceGaps,
): Result {
  const sequence = sequences.table.get(nameKey(namespace, name))
  if (sequence === undefined) return refuse('unknownSequence', { name })
  const afterId = after === undefined ? 0 : Number(after)
  const found = [...sequence.counters.values()]
    .filter(({ scopeKey }) => scope === undefined || isInScope(scopeKey, scope))
    .flatMap(({ gaps }) => gaps.filter((gap) => gap.id > afterId))
    .sort((a, b) => a.id - b.id)
  const shown = found.slice(0, limitOf(sequences.core, limit))
  const next = shown.length < found.length ? String(shown[shown.length - 1]!.id) : undefined
  return answer(withNext({ gaps: shown.map((gap) => gap.record) }, next))
}

/** Without a period: all periods of the company and branch. */
function isInScope(scopeKey: string, scope: { company: string; branch: string; period?: string }): boolean {
  const [company, branch, period] = scopeKey.split('\0')
  if (company !== scope.company || branch !== scope.branch) return false
  return scope.period === undefined || scope.period === '' || scope.period === period
}

// --- sessions ---

function sessionList({ sessions, core }: State, { after, limit }: SessionList): ReadValues['session.list'] {
  const max = limitOf(core, limit)
  const views: SessionView[] = []
  // The table is in the order of the numbers.
  for (const session of sessions.table.values()) {
    if (after !== undefined && session.id <= after) continue
    if (views.length === max) return { sessions: views, next: views[max - 1]!.session }
    views.push(sessions.view(session))
  }
  return { sessions: views }
}
