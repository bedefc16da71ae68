import { TrancaError } from '@tranca/client'
import type { Command } from 'commander'
import { type Kit, leaf } from '../command-kit.ts'
import { Exit } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'

interface NodeAnswer {
  readonly address: string
  readonly answered: boolean
  readonly ok: boolean
  readonly leader: boolean
  readonly reasons: readonly string[]
  readonly commitLatencyMs?: number | undefined
}

export function addHealth(kit: Kit, program: Command): void {
  leaf(
    kit,
    program,
    {
      name: 'health',
      help: 'help.health',
      options: [
        ['--leader', 'option.leader'],
        ['-q, --quiet', 'option.quiet'],
      ],
      shared: 'nodes',
      examples: [
        'tranca health',
        'tranca health --leader --quiet --addresses 127.0.0.1:5555',
        'tranca health -o json --timeout 2s',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable'],
    },
    async (context, options: { leader?: boolean; quiet?: boolean }) => {
      const { out, addresses } = context
      const nodes = await context.withAdmin((admin) =>
        Promise.all(
          addresses.map(async (address): Promise<NodeAnswer> => {
            try {
              const { health } = await admin.ask(address, 'health', { deadlineMs: context.timeoutMs })
              return { address, answered: true, ...health }
            } catch (error) {
              if (!(error instanceof TrancaError)) throw error
              return { address, answered: false, ok: false, leader: false, reasons: [error.message] }
            }
          }),
        ),
      )
      const healthy = judge(nodes, options.leader ?? false)
      if (!options.quiet) {
        out.data({ healthy, nodes }, () => {
          out.table(
            ['node', 'health', 'role', 'reason'],
            nodes.map((node) => [
              node.address,
              node.answered ? (node.ok ? out.word('ok') : out.yesNo(false)) : out.word('unreachable'),
              node.leader ? out.word('leader') : undefined,
              node.reasons.join('; '),
            ]),
          )
        })
      }
      if (!healthy)
        throw new Exit(nodes.some((node) => node.answered) ? exitCodes.refused : exitCodes.unreachable)
    },
  )
}

/**
 * One address: that node can work (and leads, if asked). Several: there is a leader among them that can work;
 * a follower that is down does not make a cluster ill.
 */
function judge(nodes: readonly NodeAnswer[], leaderOnly: boolean): boolean {
  if (nodes.length === 1 && !leaderOnly) return nodes[0]!.ok
  return nodes.some((node) => node.ok && node.leader)
}
