import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { AuditReport } from '@tranca/node'
import type { Command } from 'commander'
import { type Kit, leaf } from '../command-kit.ts'
import type { Context } from '../context.ts'
import { Exit, usage } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'

export function addAudit(kit: Kit, program: Command): void {
  leaf(
    kit,
    program,
    {
      name: 'audit',
      help: 'help.audit',
      args: [['<directory>', 'argument.directory']],
      shared: 'output',
      examples: [
        'tranca audit .tranca/dev/n1',
        'tranca audit /var/lib/tranca/data -o json',
        'tranca verify data/n2 && tranca audit data/n2 && echo fine',
      ],
      exits: ['ok', 'refused', 'usage', 'damaged'],
    },
    async (context, _options: object, given: string) => {
      const directory = resolve(given)
      if (!existsSync(directory)) throw usage(`${directory}: there is no such directory`)
      // Only who starts or audits a node carries the weight of one.
      const { auditDirectory } = await import('@tranca/node')
      const report = await auditDirectory(directory)
      context.out.data({ directory, ...report }, () => show(context, directory, report))
      if (!report.ok) throw new Exit(exitCodes.refused)
    },
  )
}

function show({ out, texts }: Context, directory: string, report: AuditReport): void {
  const { clusterId, nodeId, checkpoint, commit, entries, commands, products, uncommitted, units } = report
  const { index, rows } = checkpoint
  const from = { cluster: clusterId, node: nodeId, index, rows, from: index + 1, commit }
  out.line(texts.get(commit > index ? 'say.auditFrom' : 'say.auditNothingAfter', from))
  out.line(texts.get('say.auditDid', { entries, commands, products }))
  if (uncommitted > 0) out.line(texts.get('say.auditUncommitted', { count: uncommitted }))
  const used = units.filter(({ most }) => most > 0)
  if (used.length > 0) {
    out.line('')
    out.table(
      ['product', 'name', 'installation', 'inForce', 'used', 'most', 'atEntry'],
      used.map((each) => [
        each.product,
        each.name,
        out.word(each.installation),
        each.inForce ?? undefined,
        each.units,
        each.most,
        each.mostIndex,
      ]),
    )
  }
  if (!report.clean) out.say('say.auditUnclean')
  const { violation } = report
  if (violation === undefined) {
    out.say('say.auditFine', { directory })
    return
  }
  const { text, excess, operations } = violation
  const place = { directory, index: violation.index }
  if (excess !== undefined) {
    const { product, name, installation, inForce } = excess
    const values = { product, name, installation: out.word(installation), units: excess.units, inForce }
    out.say('say.auditUnits', { ...place, ...values })
  } else if (violation.kind === 'unreadable') out.say('say.auditUnreadable', { ...place, text })
  else out.say('say.auditInvariant', { ...place, text })
  if (operations.length > 0) out.say('say.auditOperations', { operations: operations.join(', ') })
}
