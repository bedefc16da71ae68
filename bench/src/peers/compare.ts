import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { NAMESPACE, type Target } from '../measure/cluster.ts'
import { Load, LoadPool } from '../measure/load.ts'
import { median } from '../measure/median.ts'
import { cpuSecondsOf } from '../measure/nodes.ts'
import { installPeer } from './install.ts'
import { LoadProgram } from './load-program.ts'
import type { Peer, PeerName, PeerServers } from './peer.ts'
import { peers } from './peers.ts'
import type { PeerResult, PeerRowResult, SideRound } from './result.ts'
import type { PeerRow } from './rows.ts'

const ROUNDS = 3
/**
 * How many times as long as the others the round is that is not counted. Node and the JVM get quicker over tens
 * of thousands of operations; servers run for weeks.
 */
const WARM_UP_ROUNDS = 8

export interface CompareOptions {
  /** Tranca. */
  readonly target: Target
  readonly names: readonly PeerName[]
  readonly rows: readonly PeerRow[]
  readonly seconds: number
  readonly warmSeconds: number
  readonly loadProcesses: number
  /** Where peers may keep data and what is built for them. */
  readonly home: string
  readonly signal: AbortSignal
  readonly onEvent: (text: string) => void
  /** A row of one peer could not be measured: the others go on. */
  readonly onFailure: (id: string, title: string, reason: string) => void
}

/**
 * Measures the same works with Tranca and its peers, in turns: a machine that is busy for a while is so for all.
 * All servers run the whole time, on the same machine.
 */
export async function comparePeers(options: CompareOptions): Promise<PeerResult[]> {
  const { home, names, signal, onEvent, onFailure } = options
  mkdirSync(home, { recursive: true })
  const directory = mkdtempSync(join(home, 'peers-'))
  const rivals: Rival[] = []
  const pool = new LoadPool(options.loadProcesses)
  try {
    for (const name of names) {
      try {
        rivals.push(await openRival(peers[name], { home, directory, signal, onEvent }))
      } catch (error) {
        signal.throwIfAborted()
        onFailure(`peer/${name}`, name, reasonOf(error))
      }
    }
    for (const row of rivals.length === 0 ? [] : options.rows)
      await compareRow(options, { rivals, pool }, row)
    return rivals.map(({ peer, servers, results }) => ({
      name: peer.name,
      version: servers.version,
      settings: servers.settings,
      rows: results,
    }))
  } finally {
    pool.kill()
    await Promise.all(rivals.map(({ servers }) => servers.close()))
    rmSync(directory, { recursive: true, force: true })
  }
}

interface Rival {
  readonly peer: Peer
  readonly command: readonly string[]
  readonly servers: PeerServers
  readonly results: PeerRowResult[]
}

async function openRival(
  peer: Peer,
  options: Pick<CompareOptions, 'home' | 'signal' | 'onEvent'> & { readonly directory: string },
): Promise<Rival> {
  const { home, directory, signal, onEvent } = options
  onEvent(`${peer.name}: installing what is missing, building its load program, starting it`)
  await installPeer(peer, signal)
  const built = join(home, 'peers')
  mkdirSync(built, { recursive: true })
  const command = await peer.build(built, signal)
  const place = join(directory, peer.name)
  mkdirSync(place)
  return { peer, command, servers: await peer.start(place, signal), results: [] }
}

/** One side of a row: Tranca or a peer, with its clients open. */
interface Side {
  readonly rival: Rival | undefined
  readonly rounds: SideRound[]
  readonly run: (warmMs: number, recordMs: number) => Promise<SideRound>
  readonly close: () => Promise<void> | void
}

async function compareRow(
  options: CompareOptions,
  { rivals, pool }: { readonly rivals: readonly Rival[]; readonly pool: LoadPool },
  row: PeerRow,
): Promise<void> {
  const { signal, onEvent, onFailure } = options
  const sides: Side[] = []
  const abort = aborted(signal)
  abort.catch(() => undefined)
  let turn = 'tranca'
  const measure = async (): Promise<void> => {
    sides.push(await openOurs(options, pool, row))
    for (const rival of rivals) {
      if (rival.peer.works[row.work] === undefined) continue
      turn = rival.peer.name
      sides.push(await openTheirs(rival, row, signal))
    }
    const { seconds, warmSeconds } = options
    // The first round is nobody's: compilers of several languages do their work in it.
    for (let round = 0; round <= ROUNDS; round++) {
      const recordMs = (round === 0 ? WARM_UP_ROUNDS : 1) * seconds * 1_000
      for (const side of sides) {
        turn = side.rival?.peer.name ?? 'tranca'
        signal.throwIfAborted()
        const done = await side.run(warmSeconds * 1_000, recordMs)
        if (round > 0) side.rounds.push(done)
      }
    }
    for (const { rival, rounds } of sides.slice(1)) {
      const result = rowResult(row, rival!.peer.works[row.work]!, sides[0]!.rounds, rounds)
      rival!.results.push(result)
      const { byThroughput, byP99 } = result
      onEvent(
        `  ${row.id} to ${rival!.peer.name}: ${byThroughput.toFixed(2)} a second, p99 ${byP99.toFixed(2)}`,
      )
    }
  }
  onEvent(row.id)
  try {
    await Promise.race([measure(), abort])
    await sides[0]!.close()
  } catch (error) {
    // Whatever its clients still do, they shall not do it during the next row.
    pool.kill()
    signal.throwIfAborted()
    onFailure(`${turn}/${row.id}`, row.title, reasonOf(error))
  } finally {
    for (const side of sides.slice(1)) await side.close()
  }
}

async function openOurs({ target }: CompareOptions, pool: LoadPool, row: PeerRow): Promise<Side> {
  const { work, clients } = row
  const load = await Load.open(
    { work, clients, shape: 'connections' },
    { addresses: target.addresses, namespace: NAMESPACE, pool },
  )
  const pids = target.local().flatMap(({ pid }) => pid ?? [])
  return {
    rival: undefined,
    rounds: [],
    run: async (warmMs, recordMs) => {
      const looks: (number | undefined)[] = []
      const look = (): void => void looks.push(cpuOf(pids))
      const { perSecond, latency, load: used } = await load.run({ warmMs, recordMs, look })
      const serverCpuSeconds = difference(looks[0], looks[1])
      return { perSecond, latency, serverCpuSeconds, loadCpuSeconds: used.cpuSeconds }
    },
    close: () => load.close(),
  }
}

async function openTheirs(rival: Rival, { work, clients }: PeerRow, signal: AbortSignal): Promise<Side> {
  const { command, servers } = rival
  const addresses = await servers.fastAddresses(signal)
  const program = await LoadProgram.open(command, { addresses, work, clients })
  return {
    rival,
    rounds: [],
    run: async (warmMs, recordMs) => {
      const watch = async (): Promise<number | undefined> => {
        await delay(warmMs)
        const before = cpuOf(servers.pids())
        await delay(recordMs)
        return difference(before, cpuOf(servers.pids()))
      }
      const [report, serverCpuSeconds] = await Promise.all([program.run({ warmMs, recordMs }), watch()])
      const { perSecond, latency, cpuSeconds } = report
      return { perSecond, latency, serverCpuSeconds, loadCpuSeconds: cpuSeconds }
    },
    close: () => program.close(),
  }
}

/** What the rounds of both sides come to. */
export function rowResult(
  row: PeerRow,
  operation: string,
  ours: readonly SideRound[],
  theirs: readonly SideRound[],
): PeerRowResult {
  const ratio = (value: (round: SideRound) => number): number =>
    median(ours.map((round, number) => value(round) / value(theirs[number]!)))
  return {
    ...row,
    operation,
    ours,
    theirs,
    byThroughput: ratio((round) => round.perSecond),
    byP50: ratio((round) => round.latency.p50Ms),
    byP99: ratio((round) => round.latency.p99Ms),
  }
}

function cpuOf(pids: readonly number[]): number | undefined {
  const each = pids.map(cpuSecondsOf)
  if (each.length === 0 || each.includes(undefined)) return undefined
  return each.reduce<number>((sum, seconds) => sum + seconds!, 0)
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
