import { parseAddress } from '@tranca/client'
import { number, readArguments, UsageError, wholeNumber } from '@tranca/tool'
import { type PeerName, peerNames } from '../peers/peer.ts'
import { peerRows } from '../peers/rows.ts'
import { experimentFamilies, experimentIds } from './experiments.ts'
import { costUnits, quickCostUnits } from './ledger-cost.ts'
import { limits } from './limits.ts'
import { allRows, families, isWanted } from './rows.ts'

export interface BenchArguments {
  readonly help: boolean
  readonly quick: boolean
  /** Where the time of a request goes, too. */
  readonly stages: boolean
  readonly json: string | undefined
  readonly html: string | undefined
  /** Families (`lock`) or rows (`lock/64`). */
  readonly only: readonly string[] | undefined
  readonly clients: readonly number[]
  /** Each row is recorded for so long, after a warm-up. */
  readonly seconds: number
  readonly warmSeconds: number
  /** Of a cluster that runs already. */
  readonly addresses: readonly string[] | undefined
  readonly loadProcesses: number
  /** Measured beside Tranca, in turns; then nothing else is. */
  readonly peers: readonly PeerName[]
}

export const helpText = `Usage: npm run bench -- [options]

Measures a cluster: one that it starts itself (three processes on loopback, data sync on; thrown away at the end),
or one that it is pointed at. The load runs in processes of its own.

Options:
  --quick            shorter, smaller, and with 1, 64 and 256 clients only: under a minute
  --only ROWS        only these, with commas: families (lock) or rows (lock/64, lock/1x256)
  --clients COUNTS   connections, with commas (default: 1,16,64,256,1000; with --quick 1,64,256); not with --peer
  --seconds N        how long each row is recorded (default: 3; with --quick 0.3)
  --addresses LIST   a cluster that runs already; license rows are left out there
  --load N           processes that make the load, at most (default: 2)
  --stages           of locks alone, at 1, 64 and 256 clients, and where the time of a request goes; of a cluster
                     that is started here
  --peer NAMES       etcd, zookeeper, redis, with commas or repeated: installed from Debian's packages if need be,
                     started here, and measured with Tranca in turns; --only leaves out rows of this comparison;
                     bare: three processes that only pass on, sync and answer bytes, the floor of this machine
  --json FILE        everything that was measured, as JSON
  --html FILE        the same as a page with plots, for a browser without a network or a printer
  --help             this text

Families: ${[...families, ...experimentFamilies].join(', ')}

Examples:
  npm run bench -- --quick
  npm run bench -- --stages
  npm run bench -- --peer etcd,zookeeper,redis --seconds 2
  npm run bench -- --only lock,ratio --clients 64,256 --json bench.json
  npm run bench -- --addresses 10.0.0.1:5555,10.0.0.2:5555,10.0.0.3:5555 --only lock/64

Exit codes: 0 measured, 1 some row failed, 2 wrong arguments, 6 nothing could be measured, 130 interrupted.
`

const DEFAULT_CLIENTS = [1, 16, 64, 256, 1_000]
const STAGES_CLIENTS = [1, 64, 256]
const QUICK_CLIENTS = [1, 64, 256]

/** @throws UsageError */
export function parseArguments(args: readonly string[]): BenchArguments {
  const { values } = readArguments(args, {
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      stages: { type: 'boolean', default: false },
      json: { type: 'string' },
      html: { type: 'string' },
      only: { type: 'string' },
      clients: { type: 'string' },
      seconds: { type: 'string' },
      addresses: { type: 'string' },
      load: { type: 'string' },
      peer: { type: 'string', multiple: true, default: [] },
    },
  })
  const { help, quick, stages, json, html } = values
  refuseTogether(values)
  const clients = values.clients === undefined ? undefined : clientCounts(values.clients)
  const defaults = stages ? STAGES_CLIENTS : quick ? QUICK_CLIENTS : DEFAULT_CLIENTS
  const seconds =
    number('--seconds', values.seconds, limits.secondsMin, limits.secondsMax) ?? (quick ? 0.3 : 3)
  const counts = clients ?? defaults
  const peers = peersOf(values.peer)
  return {
    help,
    quick,
    stages,
    json,
    html,
    only:
      values.only === undefined
        ? stages
          ? ['lock']
          : undefined
        : onlyRows(values.only, peers.length > 0 ? peerRows.map((row) => row.id) : rowIds(counts, quick)),
    clients: counts,
    seconds,
    warmSeconds: Math.min(1, seconds / 2),
    addresses: values.addresses === undefined ? undefined : addressesOf(values.addresses),
    loadProcesses: wholeNumber('--load', values.load, 1, limits.loadProcessesMax) ?? 2,
    peers,
  }
}

/** What would be left out in silence is refused. */
function refuseTogether(values: {
  readonly stages: boolean
  readonly addresses?: string | undefined
  readonly clients?: string | undefined
  readonly peer: readonly string[]
}): void {
  const { stages, addresses, clients, peer } = values
  const withPeers = peer.length > 0
  if (stages && addresses !== undefined) {
    throw new UsageError('--stages: not with --addresses; only nodes that are started here tell their stages')
  }
  if (stages && withPeers) throw new UsageError('--stages: not with --peer; peers have other stages')
  if (clients !== undefined && withPeers) {
    throw new UsageError(
      `--clients: not with --peer; choose with --only among ${peerRows.map((row) => row.id).join(', ')}`,
    )
  }
}

function addressesOf(text: string): string[] {
  const addresses = listOf('--addresses', text)
  try {
    for (const address of addresses) parseAddress(address)
    return addresses
  } catch (error) {
    throw new UsageError(`--addresses: ${error instanceof Error ? error.message : error}`)
  }
}

function listOf(option: string, text: string): string[] {
  const list = text.split(',').map((part) => part.trim())
  if (list.some((part) => part === '')) {
    throw new UsageError(`${option}: ${JSON.stringify(text)}, expected values with commas between them`)
  }
  return [...new Set(list)]
}

function clientCounts(text: string): number[] {
  const counts = listOf('--clients', text).map((part) => wholeNumber('--clients', part, 1, limits.clientsMax))
  if (counts.length > limits.clientCountsMax) {
    throw new UsageError(`--clients: ${counts.length} counts, expected at most ${limits.clientCountsMax}`)
  }
  return counts
}

function peersOf(values: readonly string[]): PeerName[] {
  const named = values.flatMap((text) => listOf('--peer', text))
  return [...new Set(named)].map((text) => {
    const found = peerNames.find((name) => name === text)
    if (found !== undefined) return found
    throw new UsageError(`--peer: ${JSON.stringify(text)}, expected one of ${peerNames.join(', ')}`)
  })
}

function rowIds(counts: readonly number[], quick: boolean): string[] {
  const costs = (quick ? quickCostUnits : costUnits).map((units) => `license-cost/${units}`)
  return [...allRows(counts).map((row) => row.id), 'ratio', ...experimentIds(quick), ...costs]
}

/** A row outside of the usual counts, such as `lock/200`, adds its count by `--clients`. */
function onlyRows(text: string, ids: readonly string[]): string[] {
  const wanted = listOf('--only', text)
  for (const each of wanted) {
    if (ids.some((id) => isWanted(id, [each]))) continue
    throw new UsageError(
      `--only: ${JSON.stringify(each)} is no row; there are ${familiesOf(ids).join(', ')}, and rows such as ${ids[0]}`,
    )
  }
  return wanted
}

function familiesOf(ids: readonly string[]): string[] {
  return [...new Set(ids.map((id) => id.split('/')[0]!))]
}
