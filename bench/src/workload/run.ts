import { limits } from '../limits.ts'
import type { History } from '../record/history.ts'
import { Recorder } from '../record/recorder.ts'
import { ApplicationServer, classify } from './application-server.ts'
import { DbAccess } from './dbaccess.ts'
import { runUser } from './user.ts'
import { tasksOf, type Workload } from './workload.ts'

/** Something that happens to the cluster, or to a client, when so much of the work is done. */
export interface Moment {
  /** Share of all tasks, 0..1. */
  readonly at: number
  act(): Promise<void>
}

export interface Progress {
  /** Name of the phase that most users are in. */
  readonly phase: string
  readonly tasks: number
  readonly tasksTotal: number
  /** Answers of the cluster so far. */
  readonly answered: number
  /** Client address of the leader, as the clients see it. */
  readonly leader: string | undefined
}

export interface RunOptions {
  readonly workload: Workload
  readonly addresses: readonly string[]
  readonly moments?: readonly Moment[]
  /** Given the run's view of itself as soon as it begins: to be called whenever something is to be shown. */
  readonly onStart?: (progress: () => Progress) => void
  readonly onEvent?: (text: string) => void
  readonly signal?: AbortSignal
}

export interface RunResult {
  readonly history: History
  /** Refusals that nothing in the workload explains. */
  readonly surprises: readonly string[]
  readonly startedMs: number
  readonly endedMs: number
}

/**
 * Runs a workload against a cluster and returns what its clients saw. All sessions are closed at the end,
 * except those of processes that crashed: the cluster has to end these by itself.
 *
 * @throws Error if nothing moves for `limits.standstillMs`
 */
export async function runWorkload(options: RunOptions): Promise<RunResult> {
  const { workload, addresses, onEvent } = options
  const recorder = new Recorder({ classify })
  const surprises: string[] = []
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal])
  let leader: string | undefined
  const onLeader = (address: string | undefined): void => {
    leader = address ?? leader
  }
  const servers = workload.servers.map(
    (plan) =>
      new ApplicationServer({
        plan,
        workload,
        addresses,
        recorder,
        onEvent,
        onLeader,
      }),
  )
  const surprise = (text: string): void => void surprises.push(text)
  const plan = workload.licenses?.dbaccess
  const dbaccess =
    plan === undefined
      ? undefined
      : new DbAccess({ plan, workload, addresses, recorder, surprise, onEvent, onLeader })

  const tasksTotal = tasksOf(workload)
  const users = workload.servers.reduce((sum, server) => sum + server.users, 0)
  const doneInPhase = workload.phases.map(() => 0)
  let tasks = 0
  const moments = [...(options.moments ?? []), ...crashMoments(workload, servers, onEvent)]
    .map((moment) => ({ ...moment, act: () => moment.act(), due: Math.ceil(moment.at * tasksTotal) }))
    .sort((a, b) => a.due - b.due)
  const acts: Promise<void>[] = []
  const watchdog = watchStandstill(() => tasks + recorder.answered, stop)

  const onTask = (phase: number): void => {
    tasks++
    doneInPhase[phase] = (doneInPhase[phase] ?? 0) + 1
    while (moments[0] !== undefined && tasks >= moments[0].due) {
      const act = moments.shift()?.act()
      // A failure ends the run: the others need not wait for it.
      act?.catch((error: unknown) => stop.abort(error))
      if (act !== undefined) acts.push(act)
    }
  }
  options.onStart?.(() => ({
    phase: phaseName(workload, doneInPhase, users),
    tasks,
    tasksTotal,
    answered: recorder.answered,
    leader,
  }))

  const startedMs = recorder.now()
  try {
    await Promise.all(servers.map((server) => server.start()))
    await dbaccess?.start()
    const mornings: Promise<void>[] = []
    let number = 0
    for (const server of servers) {
      for (let each = 0; each < server.plan.users; each++) {
        mornings.push(runUser({ workload, server, number: number++, recorder, surprise, onTask, signal }))
      }
    }
    await untilAborted(Promise.all(mornings), signal)
    await Promise.all(acts)
    await dbaccess?.stop()
  } finally {
    clearInterval(watchdog)
    await dbaccess?.close()
    await Promise.all(servers.map((server) => server.close()))
  }
  return { history: recorder, surprises, startedMs, endedMs: recorder.now() }
}

function crashMoments(
  workload: Workload,
  servers: readonly ApplicationServer[],
  onEvent: RunOptions['onEvent'],
): Moment[] {
  return workload.crashes.map((crash) => ({
    at: crash.at,
    async act() {
      const server = servers.find((each) => each.plan.name === crash.server)
      onEvent?.(`application server ${crash.server} crashes with all of its users`)
      await server?.crash(crash.restartAfterMs)
      onEvent?.(
        `application server ${crash.server} is back with a new session; the old one is left to expire`,
      )
    },
  }))
}

function phaseName(workload: Workload, doneInPhase: readonly number[], users: number): string {
  const present = workload.phases.findIndex(
    (phase, position) => (doneInPhase[position] ?? 0) < (phase.tasksPerUser * users) / 2,
  )
  return (workload.phases[present] ?? workload.phases.at(-1))?.name ?? ''
}

/** A run in which nothing moves is a finding, not something to wait for. */
function watchStandstill(movement: () => number, stop: AbortController): NodeJS.Timeout {
  let seen = movement()
  return setInterval(() => {
    const now = movement()
    if (now === seen) {
      stop.abort(
        new Error(`the workload stands still: nothing was answered for ${limits.standstillMs / 1000} s`),
      )
    }
    seen = now
  }, limits.standstillMs)
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
