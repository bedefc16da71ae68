import { setTimeout as delay } from 'node:timers/promises'
import { connect, openAdmin } from '@tranca/client'
import { limits } from '../limits.ts'
import { licenseState } from './collect-licenses.ts'
import { from, pages } from './pages.ts'
import type { ClusterState, GapRecord, SequenceState } from './state.ts'

export interface CollectOptions {
  readonly addresses: readonly string[]
  readonly namespace: string
  /** Wall clock, epoch ms: usage of licenses is summed up from this hour on; default: all that is kept. */
  readonly usageFromMs?: number
}

type Admin = ReturnType<typeof openAdmin>

/**
 * Asks the cluster for all that an audit looks at. Which numbers are free is not to be read anywhere, so the
 * auditor takes them all, and gives them back: they come before the counter moves, smallest first.
 */
export async function collectState(options: CollectOptions): Promise<ClusterState> {
  const { namespace } = options
  const admin = openAdmin(options.addresses, { client: 'auditor' })
  try {
    const locks = await pages(async (after: string | undefined) => {
      const page = await admin.request({
        op: 'lock.list',
        namespace,
        prefix: '',
        limit: limits.page,
        ...from(after),
      })
      return { items: page.locks, next: page.next }
    })
    const codes = await pages(async (after: string | undefined) => {
      const page = await admin.request({
        op: 'code.list',
        namespace,
        prefix: '',
        limit: limits.page,
        ...from(after),
      })
      return { items: page.codes, next: page.next }
    })
    const sequences = await pages(async (after: string | undefined) => {
      const page = await admin.request({
        op: 'sequence.list',
        namespace,
        prefix: '',
        limit: limits.page,
        ...from(after),
      })
      return { items: page.sequences, next: page.next }
    })
    const states: SequenceState[] = []
    for (const { name, scope } of sequences) states.push(await sequenceState(admin, options, name, scope))
    const licenses = await licenseState(admin, options.usageFromMs ?? 0)
    return {
      ...(licenses === undefined ? {} : { licenses }),
      sequences: states,
      locks: locks.map(({ name, holders }) => ({ name, holders })),
      codes: codes.map(({ code, holder }) => ({ code, session: holder.session, owner: holder.owner })),
      sessions: await openSessions(admin, namespace),
    }
  } finally {
    await admin.close()
  }
}

/** Waits until the cluster has ended these sessions by itself. Returns those that are still there after `withinMs`. */
export async function untilExpired(
  options: CollectOptions & { readonly sessions: readonly number[]; readonly withinMs: number },
): Promise<readonly number[]> {
  const admin = openAdmin(options.addresses, { client: 'auditor' })
  const untilMs = performance.now() + options.withinMs
  try {
    for (;;) {
      const open = new Set(await openSessions(admin, options.namespace))
      const left = options.sessions.filter((session) => open.has(session))
      if (left.length === 0 || performance.now() > untilMs) return left
      await delay(limits.pollMs)
    }
  } finally {
    await admin.close()
  }
}

async function openSessions(admin: Admin, namespace: string): Promise<number[]> {
  const sessions = await pages(async (after: number | undefined) => {
    const page = await admin.request({ op: 'session.list', limit: limits.page, ...from(after) })
    return { items: page.sessions, next: page.next }
  })
  return sessions.filter((each) => each.namespace === namespace).map((each) => each.session)
}

async function sequenceState(
  admin: Admin,
  options: CollectOptions,
  name: string,
  scope: { readonly company: string; readonly branch: string; readonly period: string },
): Promise<SequenceState> {
  const { namespace } = options
  const view = await admin.request({ op: 'sequence.get', namespace, name, scope })
  const gaps = await pages(async (after: string | undefined) => {
    const page = await admin.request({
      op: 'sequence.gaps',
      namespace,
      name,
      scope,
      limit: limits.page,
      ...from(after),
    })
    return { items: page.gaps, next: page.next }
  })
  return {
    name,
    scope,
    spec: view.spec,
    ...(view.last === undefined ? {} : { last: view.last }),
    free: view.free === 0 ? [] : await drawFree(options, name, scope, view.free),
    reserved: view.reserved.map(({ value, session, owner }) => ({ value, session, owner })),
    gaps: gaps.map(plainGap),
  }
}

async function drawFree(
  options: CollectOptions,
  name: string,
  scope: { readonly company: string; readonly branch: string; readonly period: string },
  count: number,
): Promise<string[]> {
  if (count > limits.freeDrawnMax) {
    throw new RangeError(
      `sequence ${name} has ${count} free numbers, more than ${limits.freeDrawnMax} to be drawn`,
    )
  }
  const session = await connect({ ...options, client: 'auditor' })
  try {
    const owner = 'auditor'
    const free: string[] = []
    while (free.length < count) {
      const batch = Math.min(limits.drawBatch, count - free.length)
      const draws = Array.from({ length: batch }, () =>
        session.request({ op: 'sequence.reserve', owner, name, scope }),
      )
      for (const draw of await Promise.all(draws))
        if (draw.reissued) free.push(draw.value)
        else return free
    }
    return free
  } finally {
    // All that it drew goes back with the session, in one step.
    await session.close()
  }
}

function plainGap(gap: GapRecord): GapRecord {
  const { from: first, to, count, kind, reason, session, client, owner, wallMs } = gap
  return { from: first, to, count, kind, reason, session, client, owner, wallMs }
}
