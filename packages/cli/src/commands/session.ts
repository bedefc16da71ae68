import type { Command } from 'commander'
import { group, type Kit, leaf } from '../command-kit.ts'
import { formatDuration, formatMoment } from '../durations.ts'
import { collect, rowLimit } from '../pages.ts'

export function addSession(kit: Kit, program: Command): void {
  const session = group(kit, program, 'session', 'help.session')
  leaf(
    kit,
    session,
    {
      name: 'list',
      help: 'help.session.list',
      options: [['--limit <count>', 'option.limit', '1000']],
      shared: 'nodes',
      examples: ['tranca session list', 'tranca session list --limit 50', 'tranca session list -o json'],
      exits: ['ok', 'usage', 'unreachable'],
    },
    async (context, options: { limit?: string }) => {
      const { out } = context
      const limit = rowLimit(options.limit)
      const { rows, more } = await context.withAdmin((admin) =>
        collect(limit, async (after: number | undefined, size) => {
          const page = await admin.request({
            op: 'session.list',
            limit: size,
            ...(after === undefined ? {} : { after }),
          })
          return { rows: page.sessions, next: page.next }
        }),
      )
      out.data(rows, () => {
        out.table(
          [
            'session',
            'client',
            'namespace',
            'locks',
            'codes',
            'permits',
            'reservations',
            'waiting',
            'ttl',
            'opened',
          ],
          rows.map((each) => [
            each.session,
            each.client,
            each.namespace,
            each.locks,
            each.codes,
            each.permits,
            each.reservations,
            each.waiting,
            formatDuration(each.ttlMs),
            formatMoment(each.openedMs),
          ]),
        )
      })
      if (more) out.warn('say.more', { limit })
    },
  )
}
