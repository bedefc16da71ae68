import { JointConfig } from '../../src/quorum/joint.ts'
import { type AckedIndexer, COMMITS_ALL, MajorityConfig } from '../../src/quorum/majority.ts'
import type { NodeId } from '../../src/types.ts'
import type { Arg, Directive } from './script.ts'

export const quorumCommands: ReadonlySet<string> = new Set(['committed', 'vote'])

const voteNames = { pending: 'VotePending', lost: 'VoteLost', won: 'VoteWon' } as const

/** A runner for scripts about quorums: `committed` and `vote`, for one configuration or a joint one. */
export function quorumRunner(): (directive: Directive) => string[] {
  return ({ command, args }) => {
    const ids = list(args, 'cfg').map(Number)
    const given = list(args, 'cfgj')
    const joint = given.length > 0
    const idsJoint = given[0] === 'zero' ? [] : given.map(Number)
    const incoming = new MajorityConfig(ids)
    const outgoing = new MajorityConfig(idsJoint)
    const inputs = list(args, command === 'vote' ? 'votes' : 'idx')
    const { voters } = new JointConfig(incoming, outgoing)
    if (voters.length !== inputs.length)
      return [
        `error: mismatched input (explicit or _) for voters [${voters.join(' ')}]: [${inputs.join(' ')}]`,
      ]
    const byId = assign(inputs, [...ids, ...idsJoint])
    if (command === 'vote') return vote(byId, joint, incoming, outgoing)
    if (command === 'committed') return committed(byId, joint, incoming, outgoing)
    return ['unknown command']
  }
}

/** Inputs belong to the voters in the order in which they are first named; `_` leaves one out. */
function assign(inputs: readonly string[], ids: readonly NodeId[]): Map<NodeId, string> {
  const order = [...new Set(ids)]
  const byId = new Map<NodeId, string>()
  for (const [i, id] of order.entries()) {
    const input = inputs[i]
    if (input !== undefined && input !== '_') byId.set(id, input)
  }
  return byId
}

function vote(
  inputs: ReadonlyMap<NodeId, string>,
  joint: boolean,
  incoming: MajorityConfig,
  outgoing: MajorityConfig,
): string[] {
  const votes = new Map([...inputs].map(([id, input]) => [id, input === 'y']))
  if (!joint) return [voteNames[incoming.voteResult(votes)]]
  const result = new JointConfig(incoming, outgoing).voteResult(votes)
  const mirrored = new JointConfig(outgoing, incoming).voteResult(votes)
  const lines = [voteNames[result]]
  return mirrored === result ? lines : [`${voteNames[mirrored]} <-- via symmetry`, ...lines]
}

function committed(
  inputs: ReadonlyMap<NodeId, string>,
  joint: boolean,
  incoming: MajorityConfig,
  outgoing: MajorityConfig,
): string[] {
  const known = new Map([...inputs].map(([id, input]) => [id, Number(input)]))
  const acked = indexer(known)
  const config = new JointConfig(incoming, outgoing)
  const index = joint ? config.committedIndex(acked) : incoming.committedIndex(acked)
  const lines: string[] = []
  const compare = (other: number, how: string) => {
    if (other !== index) lines.push(`${indexText(other)} <-- via ${how}`)
  }
  if (joint) {
    compare(new JointConfig(outgoing, incoming).committedIndex(acked), 'symmetry')
  } else {
    compare(new JointConfig(incoming).committedIndex(acked), 'zero-joint quorum')
    compare(new JointConfig(incoming, incoming).committedIndex(acked), 'self-joint quorum')
    // What lies below the committed index cannot matter: lowering it further must change nothing.
    for (const [id, own] of known) {
      if (own >= index) continue
      compare(incoming.committedIndex(indexer(new Map([...known, [id, own - 1]]))), `overlaying ${id}`)
      compare(incoming.committedIndex(indexer(new Map([...known, [id, 0]]))), `overlaying ${id} with 0`)
    }
  }
  const table = describe(config.voters, known)
  // An empty configuration has no table: its text and the index share a line.
  if (config.voters.length === 0) return [`${table[0]}${lines.join('')}${indexText(index)}`]
  return [...table, ...lines, indexText(index)]
}

function indexer(known: ReadonlyMap<NodeId, number>): AckedIndexer {
  return { ackedIndex: (id) => known.get(id) }
}

function indexText(index: number): string {
  return index === COMMITS_ALL ? '∞' : String(index)
}

/** A bar per voter, as long as the number of voters that are behind it. */
function describe(voters: readonly NodeId[], known: ReadonlyMap<NodeId, number>): string[] {
  const count = voters.length
  if (count === 0) return ['<empty majority quorum>']
  const rows = voters.map((id) => ({ id, index: known.get(id) ?? 0, bar: 0 }))
  const byIndex = rows.toSorted((a, b) => a.index - b.index || a.id - b.id)
  for (const [i, row] of byIndex.entries()) {
    const behind = byIndex[i - 1]
    if (behind !== undefined) row.bar = behind.index < row.index ? i : behind.bar
  }
  const lines = [`${' '.repeat(count)}    idx`]
  for (const { id, index, bar } of rows) {
    const mark = known.has(id) ? `${'x'.repeat(bar)}>${' '.repeat(count - bar)}` : `?${' '.repeat(count)}`
    lines.push(`${mark} ${String(index).padStart(5)}    (id=${id})`)
  }
  return lines
}

function list(args: readonly Arg[], key: string): readonly string[] {
  return args.filter((arg) => arg.key === key).flatMap(({ values }) => values)
}
