import { readArguments, UsageError, wholeNumber } from '@tranca/tool'
import { type PeerFault, peerFaults } from '../peers/gaps.ts'
import { type DrilledName, drilledNames } from '../peers/peer.ts'
import { kinds } from './kinds.ts'
import { limits } from './limits.ts'
import { scenarios } from './scenarios/index.ts'
import type { Scenario } from './scenarios/scenario.ts'

export interface DrillArguments {
  readonly help: boolean
  readonly list: boolean
  /** In the order given; each once. */
  readonly scenarios: readonly Scenario[]
  readonly trials: number
  /** In place of `trials`. */
  readonly minutes: number | undefined
  readonly clients: number
  readonly seed: number | undefined
  /** Election time-out of Tranca's members, in ms; undefined: as shipped. */
  readonly electionMs: number | undefined
  readonly json: string | undefined
  readonly histories: string | undefined
  /** Drilled after Tranca, in the same run. */
  readonly peers: readonly DrilledName[]
}

const DEFAULT_TRIALS = 5
const DEFAULT_CLIENTS = 2 * kinds.length
const SEED_MAX = 2 ** 32 - 1
/** What a node's configuration takes, with ten heartbeats in it. */
const ELECTION_MS = { min: 50, max: 60_000 }
const width = Math.max(...scenarios.map(({ name }) => name.length))

export const scenarioLines = scenarios.map(({ name, summary, needs }) => {
  return `  ${name.padEnd(width)}  ${summary}${needs === 'network' || needs === 'mount' ? ' (root)' : ''}`
})

export const helpText = `Usage: npm run drill -- SCENARIO... [options]

Starts a cluster of three processes with the settings as shipped, keeps clients asking, does harm to the cluster, and
tells how long each kind of operation had no answer, whether a request was lost or done twice, and whether what the
clients saw can be explained at all.

Scenarios, or 'all':
${scenarioLines.join('\n')}

Options:
  --trials N     faults, one after the other in one cluster (default: ${DEFAULT_TRIALS})
  --minutes M    in place of --trials: begins another one until the time is over; not with --peer
  --clients N    connections, dealt out to the kinds in turn (default: ${DEFAULT_CLIENTS}, at least ${kinds.length})
  --seed N       of all choices: which member, which lock, how long (default: another one each time)
  --election MS  time-out after which Tranca's members elect another leader, heartbeats ten times as often
                 (default: as shipped); etcd's is 1000, etcd-tuned's 200
  --json FILE    everything that was seen, as JSON
  --histories D  what the clients saw, a file for each scenario in this directory, for npm run check-history
  --peer NAMES   ${drilledNames.join(', ')}: drilled, too, and their silence held against Tranca's; of
                 ${peerFaults.join(' and ')} only
  --list         the scenarios
  --help         this text

Examples:
  npm run drill -- kill-leader --trials 20
  npm run drill -- kill-leader pause-leader --trials 20 --json drills.json
  npm run drill -- kill-leader --peer etcd,etcd-tuned
  npm run drill -- pause-leader --peer etcd-tuned --election 200
  npm run drill -- all --trials 1
  npm run drill -- kill-soak --minutes 10

Exit codes: 0 all held, 1 something did not hold, 2 wrong arguments, 6 a drill could not be carried through,
69 this machine or user cannot do it ('root': root and network namespaces, or mounts; failed-sync, hung-disk: a C
compiler; --peer: Debian's packages), 130 interrupted.
`

/** @throws UsageError */
export function parseArguments(args: readonly string[]): DrillArguments {
  const { values, names } = readArguments(args, {
    takesNames: true,
    options: {
      help: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      json: { type: 'string' },
      histories: { type: 'string' },
      peer: { type: 'string', multiple: true, default: [] },
      trials: { type: 'string' },
      minutes: { type: 'string' },
      clients: { type: 'string' },
      seed: { type: 'string' },
      election: { type: 'string' },
    },
  })
  const { help, list, json, histories } = values
  if (!help && !list && names.length === 0) throw new UsageError('no scenario is named')
  const peers = values.peer.flatMap((text) => text.split(',')).map(peerNamed)
  const odd = names.find((name) => !peerFaults.includes(name as PeerFault))
  if (peers.length > 0 && odd !== undefined) {
    throw new UsageError(`--peer: with ${peerFaults.join(' and ')} only, not with ${odd}`)
  }
  if (peers.length > 0 && values.minutes !== undefined) {
    throw new UsageError(
      '--minutes: not with --peer; all go through as many faults, and --trials says how many',
    )
  }
  return {
    help,
    list,
    json,
    histories,
    peers: [...new Set(peers)],
    scenarios: names.includes('all') ? scenarios : [...new Set(names.map(scenarioNamed))],
    trials: wholeNumber('--trials', values.trials, 1, limits.trialsMax) ?? DEFAULT_TRIALS,
    minutes: wholeNumber('--minutes', values.minutes, 1, limits.minutesMax),
    clients: wholeNumber('--clients', values.clients, kinds.length, limits.clientsMax) ?? DEFAULT_CLIENTS,
    seed: wholeNumber('--seed', values.seed, 0, SEED_MAX),
    electionMs: wholeNumber('--election', values.election, ELECTION_MS.min, ELECTION_MS.max),
  }
}

function peerNamed(text: string): DrilledName {
  const found = drilledNames.find((name) => name === text.trim())
  if (found !== undefined) return found
  throw new UsageError(`--peer: ${JSON.stringify(text)}, expected one of ${drilledNames.join(', ')}`)
}

function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((each) => each.name === name)
  if (found !== undefined) return found
  const names = scenarios.map((each) => each.name).join(', ')
  throw new UsageError(`${JSON.stringify(name)} is no scenario; there are ${names}, and all`)
}
