import type {
  ChangeType,
  ConfChange,
  Entry,
  MessageType,
  NodeId,
  SingleChange,
  Snapshot,
} from '../../src/index.ts'
import { ELECTION_TICK, Environment, HEARTBEAT_TICK, type NodeConfig, ScriptError } from './environment.ts'
import { formatEntry, formatMessage, formatProgress, formatWire, roleName } from './format.ts'
import { type Arg, type Directive, parseCommand } from './script.ts'
import { emptyWire, fromWire, localNames, wireNames } from './wire.ts'

const LOG_LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'NONE']
const encoder = new TextEncoder()
const noMembers = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }

type Handler = (env: Environment, args: readonly Arg[]) => void

/** A runner for one file of scripts about whole nodes. */
export function interactionRunner(): (directive: Directive) => string[] {
  const env = new Environment()
  return (directive) => {
    try {
      if (directive.command === 'propose-conf-change') {
        proposeConfChange(env, directive)
      } else {
        run(env, directive.command, directive.args)
        for (const line of directive.input) {
          const { command, args } = parseCommand(line)
          attempt(env, () => run(env, command, args))
        }
      }
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error
      env.printAlways(error.message)
    }
    const output = env.takeOutput()
    return output.length === 0 ? ['ok'] : output
  }
}

function attempt(env: Environment, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof ScriptError) || env.quiet) throw error
    env.print(error.message)
  }
}

function run(env: Environment, command: string, args: readonly Arg[]): void {
  const handler = handlers.get(command)
  if (handler === undefined) throw new ScriptError('unknown command')
  handler(env, args)
}

/** The commands that scripts of this kind may use. */
const handlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['_breakpoint', () => {}],
  ['add-nodes', addNodes],
  ['campaign', (env, args) => env.member(first(args)).raw.campaign()],
  ['compact', (env, args) => compact(env, first(args), integer(args[1]?.key))],
  ['compact-applied', (env, args) => compactApplied(env, first(args))],
  ['deliver-msgs', deliver],
  ['forget-leader', (env, args) => env.member(first(args)).raw.forgetLeader()],
  ['log-level', (env, args) => setLogLevel(env, args[0]?.key ?? '')],
  [
    'process-append-thread',
    (env, args) => each(env, args, 'processing append thread', (id) => env.processAppend(id)),
  ],
  [
    'process-apply-thread',
    (env, args) => each(env, args, 'processing apply thread', (id) => env.processApply(id)),
  ],
  ['process-ready', (env, args) => each(env, args, 'handling Ready', (id) => env.processReady(id))],
  [
    'propose',
    (env, args) => env.expectTaken(env.member(first(args)).raw.propose(encoder.encode(args[1]?.key ?? ''))),
  ],
  ['raft-log', (env, args) => raftLog(env, first(args))],
  ['raft-state', raftState],
  ['read-index', (env, args) => void env.member(first(args)).raw.readIndex(args[1]?.key ?? 'context')],
  ['report-unreachable', (env, args) => env.member(first(args)).raw.reportUnreachable(integer(args[1]?.key))],
  ['restart', (env, args) => env.restart(first(args))],
  ['send-snapshot', sendSnapshot],
  ['set-randomized-election-timeout', setTimeoutTicks],
  ['stabilize', stabilize],
  ['status', (env, args) => env.print(...env.member(first(args)).raw.status().progress.map(formatProgress))],
  ['step', stepMessage],
  ['tick-election', (env, args) => ticks(env, first(args), ELECTION_TICK)],
  ['tick-heartbeat', (env, args) => ticks(env, first(args), HEARTBEAT_TICK)],
  [
    'transfer-leadership',
    (env, args) => env.member(integer(value(args, 'from'))).raw.transferLeader(integer(value(args, 'to'))),
  ],
])

export const interactionCommands: ReadonlySet<string> = new Set([...handlers.keys(), 'propose-conf-change'])

/** Unknown arguments are ignored: that is how the format has it. */
function addNodes(env: Environment, args: readonly Arg[]): void {
  const config: { -readonly [K in keyof NodeConfig]: NodeConfig[K] } = {
    electionTick: ELECTION_TICK,
    heartbeatTick: HEARTBEAT_TICK,
    maxInflightMsgs: 2 ** 31 - 1,
  }
  const voters: NodeId[] = []
  const learners: NodeId[] = []
  let index = 0
  let content = ''
  for (const { key, values } of args.slice(1)) {
    const one = values[0] ?? ''
    const flag = one === 'true'
    if (key === 'voters') voters.push(...values.map(integer))
    else if (key === 'learners') learners.push(...values.map(integer))
    else if (key === 'index') index = integer(one)
    else if (key === 'content') content = one
    else if (key === 'inflight') config.maxInflightMsgs = integer(one)
    else if (one === '0' && key.startsWith('max-')) continue
    else if (key === 'max-inflight-bytes') config.maxInflightBytes = integer(one)
    else if (key === 'async-storage-writes') config.asyncStorageWrites = flag
    else if (key === 'prevote') config.preVote = flag
    else if (key === 'checkquorum') config.checkQuorum = flag
    else if (key === 'max-committed-size-per-ready') config.maxCommittedSizePerReady = integer(one)
    else if (key === 'max-size-per-msg') config.maxSizePerMsg = integer(one)
    else if (key === 'max-uncommitted-size') config.maxUncommittedEntriesSize = integer(one)
    else if (key === 'disable-conf-change-validation') config.disableConfChangeValidation = flag
    else if (key === 'disable-proposal-forwarding') config.disableProposalForwarding = flag
    else if (key === 'step-down-on-removal') config.stepDownOnRemoval = flag
    else if (key === 'read-only') config.readOnly = readOnlyOption(one)
  }
  const bootstrap = index > 0 || voters.length > 0 || learners.length > 0 || content !== ''
  const confState = { ...noMembers, voters, learners }
  const snapshot: Snapshot = { index, term: bootstrap ? 1 : 0, confState, data: encoder.encode(content) }
  env.addNodes(first(args), config, snapshot, bootstrap)
}

function readOnlyOption(name: string): 'safe' | 'lease' {
  if (name === 'safe') return 'safe'
  if (name === 'lease-based') return 'lease'
  throw new ScriptError(`invalid read-only option ${JSON.stringify(name)}`)
}

function compact(env: Environment, id: NodeId, index: number): void {
  if (env.member(id).storage.compact(index) === 'compacted')
    throw new ScriptError('requested index is unavailable due to compaction')
  raftLog(env, id)
}

function compactApplied(env: Environment, id: NodeId): void {
  const { storage } = env.member(id)
  const applied = storage.applied.index
  const from = storage.firstIndex()
  if (applied >= from) compact(env, id, applied)
  else
    env.print(
      `nothing to compact: first index=${from}, applied=${applied}, last index=${storage.lastIndex()}`,
    )
}

function deliver(env: Environment, args: readonly Arg[]): void {
  let type: MessageType | undefined
  const recipients: { readonly id: NodeId; readonly drop: boolean }[] = []
  for (const { key, values } of args) {
    if (values.length === 0) recipients.push({ id: integer(key), drop: false })
    else if (key === 'drop') recipients.push(...values.map((id) => ({ id: integer(id), drop: true })))
    else if (key === 'type') type = messageType(values[0] ?? '')
  }
  let count = 0
  for (const { id, drop } of recipients) count += env.deliver(id, { type, drop })
  if (count === 0) env.print('no messages')
}

function messageType(name: string): MessageType {
  const found = (Object.keys(wireNames) as MessageType[]).find((type) => wireNames[type] === name)
  if (found === undefined) throw new Error(`unknown message type ${name}`)
  return found
}

/** Several nodes get a heading each, a single one does not. */
function each(env: Environment, args: readonly Arg[], what: string, work: (id: NodeId) => void): void {
  const ids = nodeIds(args)
  for (const id of ids) {
    if (ids.length === 1) {
      work(id)
    } else {
      env.print(`> ${id} ${what}`)
      env.indented(() => work(id))
    }
  }
}

function stabilize(env: Environment, args: readonly Arg[]): void {
  const level = value(args, 'log-level')
  const before = env.quiet
  if (level !== undefined) setLogLevel(env, level)
  const ids = nodeIds(args)
  env.stabilize(ids.length > 0 ? ids : env.members.map((_, i) => i + 1))
  env.quiet = before
}

function setLogLevel(env: Environment, name: string): void {
  const level = LOG_LEVELS.indexOf(name.toUpperCase())
  if (level < 0) throw new ScriptError(`log levels must be either of [${LOG_LEVELS.join(' ')}]`)
  env.quiet = level === LOG_LEVELS.length - 1
}

function raftLog(env: Environment, id: NodeId): void {
  const { storage } = env.member(id)
  const from = storage.firstIndex()
  const last = storage.lastIndex()
  if (last < from) {
    env.print(`log is empty: first index=${from}, last index=${last}`)
    return
  }
  const entries = storage.entries(from, last + 1, Number.POSITIVE_INFINITY)
  if (typeof entries === 'string') throw new Error(`entries are ${entries}`)
  env.print(...entries.map(formatEntry))
}

function raftState(env: Environment): void {
  for (const { raw } of env.members) {
    const { voters, votersOutgoing } = raw.confState
    const voter = voters.includes(raw.id) || votersOutgoing.includes(raw.id) ? 'Voter' : 'Non-Voter'
    env.print(`${raw.id}: ${roleName(raw.role)} (${voter}) Term:${raw.term} Lead:${raw.leader}`)
  }
}

function sendSnapshot(env: Environment, args: readonly Arg[]): void {
  const from = first(args)
  const to = integer(args[1]?.key)
  const { raw, storage } = env.member(from)
  const message = { type: 'snapshot', from, to, term: raw.term, snapshot: storage.snapshot() } as const
  env.messages.push(message)
  env.print(...formatMessage(message))
}

function setTimeoutTicks(env: Environment, args: readonly Arg[]): void {
  env.member(first(args)).raw.setRandomizedElectionTimeout(integer(value(args, 'timeout')))
}

function ticks(env: Environment, id: NodeId, count: number): void {
  const { raw } = env.member(id)
  for (let i = 0; i < count; i++) raw.tick()
  env.check(raw)
}

/** Hands a made-up message to a node. */
function stepMessage(env: Environment, args: readonly Arg[]): void {
  const id = first(args)
  const number = (key: string) => integer(value(args, key) ?? '0')
  const type = value(args, 'type') ?? ''
  const [snapIndex, snapTerm] = values(args, 'snap').map(integer)
  const confState = { ...noMembers, voters: values(args, 'voters').map(integer) }
  const message = {
    ...emptyWire(type, number('from'), id, number('term')),
    logTerm: number('logterm'),
    index: number('index'),
    commit: number('commit'),
    reject:
      value(args, 'reject') === 'true' || args.some((arg) => arg.key === 'reject' && arg.values.length === 0),
    rejectHint: number('hint'),
    context: value(args, 'ctx') ?? '',
    entries: values(args, 'ents').map(madeUpEntry),
    snapshot:
      snapIndex === undefined
        ? undefined
        : { index: snapIndex, term: snapTerm ?? 0, confState, data: new Uint8Array(0) },
  }
  env.print(...formatWire(message))
  env.trusted = false
  if (localNames.has(type)) throw new ScriptError('raft: cannot step raft local message')
  env.stepInto(id, fromWire(message))
}

function madeUpEntry(text: string): Entry {
  const [term, index] = text.split('/').map(integer)
  return { index: index ?? 0, term: term ?? 0, type: 'normal', data: encoder.encode(`e${term}.${index}`) }
}

function proposeConfChange(env: Environment, { args, input }: Directive): void {
  const { raw } = env.member(first(args))
  const changes = parseChanges(input.join(' '))
  const transition = transitionOf(value(args, 'transition') ?? 'auto')
  let change: ConfChange = { version: 2, transition, changes }
  if (value(args, 'v1') === 'true') {
    const [only, ...more] = changes
    if (only === undefined || more.length > 0 || transition !== 'auto')
      throw new ScriptError('v1 conf change can only have one operation and no transition')
    change = { version: 1, id: 0, ...only }
  }
  env.expectTaken(raw.proposeConfChange(change))
}

function transitionOf(name: string): 'auto' | 'implicit' | 'explicit' {
  if (name === 'auto' || name === 'implicit' || name === 'explicit') return name
  throw new ScriptError(`unknown transition ${name}`)
}

const changeTypes: ReadonlyMap<string, ChangeType> = new Map([
  ['v', 'addNode'],
  ['l', 'addLearner'],
  ['r', 'removeNode'],
  ['u', 'updateNode'],
])

/** Changes as scripts write them: `v1 l2 r3 u4`. */
export function parseChanges(text: string): SingleChange[] {
  const changes: SingleChange[] = []
  for (const token of text.split(/\s+/).filter((word) => word !== '')) {
    if (token.length < 2) throw new ScriptError(`unknown token ${token}`)
    const type = changeTypes.get(token[0]!)
    if (type === undefined) throw new ScriptError(`unknown input: ${token}`)
    changes.push({ type, nodeId: integer(token.slice(1)) })
  }
  return changes
}

function first(args: readonly Arg[]): NodeId {
  return integer(args[0]?.key)
}

function nodeIds(args: readonly Arg[]): NodeId[] {
  return args.filter(({ values: given }) => given.length === 0).map(({ key }) => integer(key))
}

function values(args: readonly Arg[], key: string): readonly string[] {
  return args.find((arg) => arg.key === key)?.values ?? []
}

function value(args: readonly Arg[], key: string): string | undefined {
  return values(args, key)[0]
}

function integer(text: string | undefined): number {
  const number = Number(text)
  if (text === undefined || text === '' || !Number.isSafeInteger(number))
    throw new ScriptError(`${text} is not a number`)
  return number
}
