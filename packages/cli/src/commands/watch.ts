import type { Command } from 'commander'
import { type Kit, leaf } from '../command-kit.ts'
import { wholeNumber } from '../numbers.ts'

interface WatchOptions {
  readonly prefix?: string
  readonly kinds?: string
  readonly from?: string
}

export function addWatch(kit: Kit, program: Command): void {
  leaf(
    kit,
    program,
    {
      name: 'watch',
      help: 'help.watch',
      options: [
        ['--prefix <text>', 'option.prefix'],
        ['--kinds <list>', 'option.kinds'],
        ['--from <revision>', 'option.from'],
      ],
      shared: 'namespace',
      examples: [
        'tranca watch',
        'tranca watch --prefix jobs. --kinds lock.granted,lock.released',
        'tranca watch --from 1200 -o json',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable'],
    },
    async (context, options: WatchOptions) => {
      const { io, out, namespace } = context
      const fromRevision = wholeNumber('--from', options.from, 0, Number.MAX_SAFE_INTEGER)
      const stop = new AbortController()
      const quiet = io.onSignal(['SIGINT', 'SIGTERM'], () => stop.abort())
      try {
        await context.withAdmin(async (admin) => {
          // Proves that someone leads, with the usual deadline: a watch itself waits for as long as it takes.
          await admin.request({ op: 'member.list' })
          const events = admin.watch({
            namespace,
            signal: stop.signal,
            prefix: options.prefix ?? '',
            kinds: options.kinds?.split(',') ?? [],
            ...(fromRevision === undefined ? {} : { fromRevision }),
          })
          for await (const event of events) {
            if (out.form === 'json') out.jsonLine(event)
            else out.line(describe(event))
          }
        })
      } finally {
        quiet()
      }
    },
  )
}

interface Event {
  readonly revision: number
  readonly kind: string
  readonly name: string
  readonly owner: string
  readonly session: number
  readonly token?: number | undefined
  readonly value?: string | undefined
  readonly reason?: string | undefined
}

function describe(event: Event): string {
  const parts = [String(event.revision).padStart(8), event.kind.padEnd(18), event.name]
  if (event.value !== undefined) parts.push(event.value)
  if (event.owner !== '') parts.push(`owner=${event.owner}`)
  if (event.session !== 0) parts.push(`session=${event.session}`)
  if (event.token !== undefined) parts.push(`token=${event.token}`)
  if (event.reason !== undefined) parts.push(`reason=${event.reason}`)
  return parts.join('  ')
}
