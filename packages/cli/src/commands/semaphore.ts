import type { Command } from 'commander'
import { group, type Kit, leaf } from '../command-kit.ts'
import { formatMoment } from '../durations.ts'
import { collect, rowLimit } from '../pages.ts'
import { queueTable } from './queue-table.ts'

export function addSemaphore(kit: Kit, program: Command): void {
  const semaphore = group(kit, program, 'semaphore', 'help.semaphore')
  leaf(
    kit,
    semaphore,
    {
      name: 'list',
      help: 'help.semaphore.list',
      options: [
        ['--prefix <text>', 'option.prefix'],
        ['--limit <count>', 'option.limit', '1000'],
      ],
      shared: 'namespace',
      examples: [
        'tranca semaphore list',
        'tranca semaphore list --prefix jobs.',
        'tranca semaphore list -o json',
      ],
      exits: ['ok', 'usage', 'unreachable'],
    },
    async (context, options: { prefix?: string; limit?: string }) => {
      const { out, namespace } = context
      const limit = rowLimit(options.limit)
      const prefix = options.prefix ?? ''
      const { rows, more } = await context.withAdmin((admin) =>
        collect(limit, async (after: string | undefined, size) => {
          const cursor = after === undefined ? {} : { after }
          const page = await admin.request({
            op: 'semaphore.list',
            namespace,
            prefix,
            limit: size,
            ...cursor,
          })
          return { rows: page.semaphores, next: page.next }
        }),
      )
      out.data(rows, () => {
        out.table(
          ['name', 'total', 'used', 'queued', 'explicit'],
          rows.map((each) => [each.name, each.total, each.used, each.queued, out.yesNo(each.explicit)]),
        )
      })
      if (more) out.warn('say.more', { limit })
    },
  )
  leaf(
    kit,
    semaphore,
    {
      name: 'get',
      help: 'help.semaphore.get',
      args: [['<name>', 'argument.name']],
      shared: 'namespace',
      examples: [
        'tranca semaphore get jobs',
        'tranca semaphore get jobs -o json',
        'tranca semaphore get jobs -n homologation',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable'],
    },
    async (context, _options: object, name: string) => {
      const { out, namespace } = context
      const found = await context.ask({ op: 'semaphore.get', namespace, name })
      out.data(found, () => {
        out.table(
          ['name', 'total', 'used', 'queued', 'explicit'],
          [[found.name, found.total, found.used, found.queue.length, out.yesNo(found.explicit)]],
        )
        if (found.holders.length === 0) return
        out.line('')
        out.table(
          ['holders', 'client', 'session', 'permits', 'token', 'since'],
          found.holders.map((holder) => [
            holder.owner,
            holder.client,
            holder.session,
            holder.count,
            holder.token,
            formatMoment(holder.sinceMs),
          ]),
        )
        queueTable(context, found.queue)
      })
    },
  )
}
