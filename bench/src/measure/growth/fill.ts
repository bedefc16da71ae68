import { connect, type Session } from '@tranca/client'
import { limits } from '../limits.ts'
import type { FillCommand } from './stock.ts'

/** Sessions that hold the locks. */
const HOLDERS = 16
const LOCKS_PER_REQUEST = 64
const LOCKS_PER_OWNER = 1_024
/** Counters of one company. */
const BRANCHES = 1_000
/** As an application has it that does not choose. */
const IDLE_TTL_MS = 30_000
const LOG_WRITERS = 8
const LONG_NAME = 480

type Filler = (command: FillCommand) => Promise<void>

/** Fills a cluster, and keeps what it made for as long as the process lives. */
export function makeFiller(): Filler {
  const fillers: Readonly<Record<FillCommand['stock'], Filler>> = {
    'locks-held': lockFiller(),
    'sessions-idle': fillSessions,
    'sequences-kept': sequenceFiller(),
    'log-bytes': fillLog,
  }
  return (command) => fillers[command.stock](command)
}

function lockFiller(): Filler {
  const holders: Session[] = []
  return async (command) => {
    while (holders.length < HOLDERS) holders.push(await open(command))
    const firsts: number[] = []
    for (let first = command.from; first < command.to; first += LOCKS_PER_REQUEST) firsts.push(first)
    await atOnce(firsts, limits.fillsAtOnce, async (first) => {
      const names: string[] = []
      for (let number = first; number < Math.min(first + LOCKS_PER_REQUEST, command.to); number++) {
        names.push(`held-${number}`)
      }
      const owner = Math.floor(first / LOCKS_PER_OWNER)
      await holders[owner % HOLDERS]!.owner(`owner-${owner}`).lock(names, { waitMs: 0 })
    })
  }
}

/** Counters of one sequence, each of a branch of its own. */
function sequenceFiller(): Filler {
  let session: Session | undefined
  return async (command) => {
    session ??= await open(command)
    const owner = session.owner('owner')
    await owner.sequence('kept').define({ digits: 'decimal', width: 9, start: '000000001', kind: 'fast' })
    const numbers = Array.from({ length: command.to - command.from }, (_, place) => command.from + place)
    await atOnce(numbers, limits.fillsAtOnce, async (number) => {
      const company = String(Math.floor(number / BRANCHES))
      await owner.sequence('kept', { company, branch: String(number % BRANCHES) }).next()
    })
  }
}

/** Sessions of clients that do nothing but stay alive. */
async function fillSessions(command: FillCommand): Promise<void> {
  const { from, to, namespace, ttlMs = IDLE_TTL_MS } = command
  const first = await open(command, ttlMs)
  // The other members would be asked first, one after the other.
  const addresses = first.leader?.address ?? command.addresses
  const others = Array.from({ length: to - from - 1 })
  await atOnce(others, limits.openedAtOnce, () => connect({ addresses, namespace, client: 'idle', ttlMs }))
}

/** Commands as large as they may be: locks of many long names, acquired and released. */
async function fillLog(command: FillCommand): Promise<void> {
  const session = await open(command)
  const writers = Array.from({ length: LOG_WRITERS }, (_, number) => number)
  const perPair = 2 * LOCKS_PER_REQUEST * LONG_NAME
  const pairs = Math.ceil((command.to - command.from) / LOG_WRITERS / perPair)
  await Promise.all(
    writers.map(async (number) => {
      const owner = session.owner(`writer-${number}`)
      const names = Array.from({ length: LOCKS_PER_REQUEST }, (_, place) =>
        `long-${number}-${place}-`.padEnd(LONG_NAME, 'x'),
      )
      for (let pair = 0; pair < pairs; pair++) await (await owner.lock(names, { waitMs: 0 })).release()
    }),
  )
  await session.close()
}

function open({ addresses, namespace }: FillCommand, ttlMs: number = limits.sessionTtlMs): Promise<Session> {
  return connect({ addresses, namespace, client: 'filler', ttlMs })
}

/** Does `work` for each of the list, for so many at a time. */
async function atOnce<T>(
  list: readonly T[],
  count: number,
  work: (one: T) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < list.length) await work(list[next++]!)
  }
  await Promise.all(Array.from({ length: Math.min(count, list.length) }, worker))
}
