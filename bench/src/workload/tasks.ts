import { rankOf, valueAt } from '../numeral.ts'
import type { LockMode, Scope } from '../record/operation.ts'
import type { Desk } from './desk.ts'
import { expectedRefusals } from './licenses.ts'
import type {
  CodeTask,
  FastTask,
  JumpTask,
  LockTask,
  NestedTask,
  NumberTask,
  RequestTask,
  TaskPlan,
  VoidTask,
} from './workload.ts'

/** What becomes of the user: `crashed` means that its thread died, and all it had was released for it. */
export type TaskEnd = 'done' | 'crashed'

/** Does one task of the day. */
export async function perform(desk: Desk, task: TaskPlan): Promise<TaskEnd> {
  switch (task.kind) {
    case 'code':
      return useCode(desk, task)
    case 'number':
      return takeNumber(desk, task)
    case 'void':
      return voidNumber(desk, task)
    case 'jump':
      return jump(desk, task)
    case 'lock':
      return useLocks(desk, task)
    case 'nested':
      return nestLocks(desk, task)
    case 'fast':
      return takeFast(desk, task)
    case 'request':
      return serveRequest(desk, task)
    default:
      return task satisfies never
  }
}

/** Logs in: holds the lock of the user's name until the user leaves, if nobody else is logged in under it. */
export async function logIn(desk: Desk, user: string): Promise<void> {
  const name = desk.named(desk.workload.login.lock).replaceAll('{user}', user)
  await desk.ask(
    { op: 'lock.acquire', owner: desk.owner, locks: [{ name, mode: 'exclusive' }], waitMs: 0, priority: 0 },
    ['held', 'lockDelay'],
  )
}

/** Logs out, or clears up after a thread that died: the same to the cluster. */
export async function leave(desk: Desk): Promise<void> {
  await desk.ask({ op: 'owner.release', owner: desk.owner })
}

async function useCode(desk: Desk, task: CodeTask): Promise<TaskEnd> {
  const { owner, random } = desk
  const number = random.chance(task.hotPercent) ? random.between(1, task.hot) : random.between(1, task.codes)
  const code = `${task.prefix}${String(number).padStart(6, '0')}`
  const reply = await desk.ask({ op: 'code.reserve', owner, code }, ['codeHeld'])
  if (reply.ok) await desk.work(task.workMs)
  if (random.chance(task.freeAllPercent)) await desk.ask({ op: 'code.releaseAll', owner })
  // Programs leave a code also when they did not get it: that must do no harm.
  else await desk.ask({ op: 'code.release', owner, code })
  return 'done'
}

interface Taken {
  readonly owner: string
  readonly name: string
  readonly scope: Scope
  readonly value: string
}

async function reserve(desk: Desk, sequence: string): Promise<Taken | undefined> {
  const reply = await desk.ask({ op: 'sequence.reserve', ...desk.sequence(sequence) })
  if (!reply.ok) return undefined
  const { owner, name, scope } = desk.sequence(sequence)
  const { value, period } = reply.value
  desk.lastSeen.set(sequence, value)
  return { owner, name, scope: { ...scope, period }, value }
}

async function takeNumber(desk: Desk, task: NumberTask): Promise<TaskEnd> {
  const { random } = desk
  const taken = await reserve(desk, task.sequence)
  if (taken === undefined) return 'done'
  await desk.work(task.workMs)
  const fate = random.between(1, 100)
  const { cancelPercent, abandonPercent, crashPercent } = task
  if (fate <= crashPercent) {
    await leave(desk)
    return 'crashed'
  }
  // Left lying: it goes back when its owner leaves, or when its time to live is over.
  if (fate <= crashPercent + abandonPercent) return 'done'
  if (fate <= crashPercent + abandonPercent + cancelPercent)
    await desk.ask({ op: 'sequence.rollback', ...taken })
  else await desk.ask({ op: 'sequence.confirm', ...taken })
  return 'done'
}

async function voidNumber(desk: Desk, task: VoidTask): Promise<TaskEnd> {
  const taken = await reserve(desk, task.sequence)
  if (taken === undefined) return 'done'
  const { value, ...where } = taken
  await desk.ask({ op: 'sequence.rollback', ...taken })
  // Somebody may be quicker and get the number again: then there is no gap to declare.
  await desk.ask({ op: 'sequence.gap', ...where, from: value, to: value, reason: task.reason }, ['notFree'])
  return 'done'
}

async function jump(desk: Desk, task: JumpTask): Promise<TaskEnd> {
  const from = desk.lastSeen.get(task.sequence)
  if (from === undefined) return 'done'
  const { owner, name, scope, spec } = desk.sequence(task.sequence)
  const value = valueAt(rankOf(from, spec) + task.by, spec)
  await desk.ask({ op: 'sequence.ensureAtLeast', owner, name, scope, value, reason: task.reason })
  return 'done'
}

async function useLocks(desk: Desk, task: LockTask): Promise<TaskEnd> {
  const { owner, random } = desk
  const mode: LockMode = random.chance(task.sharedPercent) ? 'shared' : 'exclusive'
  const count = random.between(task.count.min, task.count.max)
  const names = random.sample(task.names, count).map((name) => desk.named(name))
  const locks = names.map((name) => ({ name, mode }))
  const reply = await desk.ask({ op: 'lock.acquire', owner, locks, waitMs: task.waitMs, priority: 0 }, [
    'held',
    'timeout',
    'lockDelay',
  ])
  if (!reply.ok) return 'done'
  await desk.work(task.workMs)
  await desk.ask({ op: 'lock.release', owner, names, token: reply.value.token })
  return 'done'
}

async function nestLocks(desk: Desk, task: NestedTask): Promise<TaskEnd> {
  const { owner, random } = desk
  const held: { readonly names: readonly string[]; readonly token: number }[] = []
  for (const template of random.sample(task.names, 2)) {
    const name = desk.named(template)
    const locks = [{ name, mode: 'exclusive' }] as const
    const priority = random.between(0, 2)
    const reply = await desk.ask({ op: 'lock.acquire', owner, locks, waitMs: task.waitMs, priority }, [
      'timeout',
      'deadlock',
      'lockDelay',
    ])
    if (!reply.ok) break
    held.push({ names: [name], token: reply.value.token })
    await desk.work(task.workMs)
  }
  for (const { names, token } of held.reverse()) await desk.ask({ op: 'lock.release', owner, names, token })
  return 'done'
}

async function takeFast(desk: Desk, task: FastTask): Promise<TaskEnd> {
  const count = desk.random.chance(task.blockPercent) ? task.block : 1
  await desk.ask({ op: 'sequence.next', ...desk.sequence(task.sequence), count })
  return 'done'
}

/** One unit for one request: without one it is answered with 503, and not repeated. */
async function serveRequest(desk: Desk, task: RequestTask): Promise<TaskEnd> {
  const { owner } = desk
  const { feature, user, group } = task
  const who = { user, group, company: desk.server.company, host: desk.server.name }
  const how = { product: 0, units: 1, mode: 'use', waitMs: 0, priority: 0 } as const
  const reply = await desk.ask({ op: 'license.checkout', owner, feature, ...who, ...how }, expectedRefusals)
  if (!reply.ok) return 'done'
  await desk.work(task.workMs)
  await desk.ask({ op: 'license.checkin', owner, grant: reply.value.grant })
  return 'done'
}
