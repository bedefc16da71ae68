import { setTimeout as delay } from 'node:timers/promises'
import { SessionLostError } from '@tranca/client'
import { ClientGoneError, type Recorder } from '../record/recorder.ts'
import type { ApplicationServer, Life } from './application-server.ts'
import { Desk, type Surprise } from './desk.ts'
import { Badge } from './licenses.ts'
import { Random } from './random.ts'
import { leave, logIn, perform } from './tasks.ts'
import type { Workload } from './workload.ts'

export interface UserOptions {
  readonly workload: Workload
  readonly server: ApplicationServer
  /** Position among all users of the workload: decides name and choices. */
  readonly number: number
  readonly recorder: Recorder
  readonly surprise: Surprise
  /** Told after each task, with the number of its phase. */
  readonly onTask: (phase: number) => void
  readonly signal: AbortSignal
}

/** One user's morning, from log-in to log-out. Its choices depend on the workload's seed and its number alone. */
export async function runUser(options: UserOptions): Promise<void> {
  const { workload, server, number, recorder, surprise, onTask, signal } = options
  const random = new Random(workload.seed + number * 0x10001)
  const owner = `u${String(number).padStart(4, '0')}`
  // Two neighbors in number share a name, and may be users of different servers.
  const shared = new Random(number >>> 1).chance(workload.login.sharedPercent)
  const user = shared ? `shared-${number >>> 1}` : owner
  const lastSeen = new Map<string, string>()
  const badge = workload.licenses === undefined ? undefined : new Badge(workload.licenses, user, number)
  let known: Life | undefined

  const deskFor = (life: Life): Desk =>
    new Desk({
      owner,
      server: server.plan,
      random: random.fork(),
      workload,
      lastSeen,
      life,
      recorder,
      surprise,
    })

  /** Runs something at the server's present process; what dies with that process is not repeated. */
  const at = async (step: (desk: Desk, life: Life) => Promise<void>): Promise<void> => {
    signal.throwIfAborted()
    try {
      const life = await server.life()
      const desk = deskFor(life)
      if (known !== life) {
        await logIn(desk, user)
        await badge?.logIn(desk)
        known = life
      } else await badge?.askAgain(desk)
      await step(desk, life)
    } catch (error) {
      if (!(error instanceof ClientGoneError || error instanceof SessionLostError)) throw error
    }
  }

  await delay(random.between(0, workload.login.spreadMs))
  for (const [position, phase] of workload.phases.entries()) {
    for (let done = 0; done < phase.tasksPerUser; done++) {
      await delay(random.between(phase.thinkMs.min, phase.thinkMs.max))
      const name = random.weighted(phase.mix)
      const task = workload.tasks.get(name)
      if (task === undefined) throw new RangeError(`no task ${name}`)
      await at(async (desk, life) => {
        const end = await perform(desk, task)
        // After a crash of the thread, the next task begins with a log-in.
        if (end === 'crashed' && known === life) known = undefined
      })
      onTask(position)
    }
  }
  await at(async (desk) => {
    await badge?.logOut(desk)
    await leave(desk)
  })
}
