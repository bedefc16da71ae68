import type { Command } from 'commander'
import { type Kit, leaf } from '../command-kit.ts'
import { writeDevConnection } from '../connection-file.ts'
import { MEMBERS_MAX } from '../dev/plan.ts'
import { type DevCluster, startDevCluster } from '../dev-cluster.ts'
import { wholeNumber } from '../numbers.ts'

const DEFAULT_DIRECTORY = '.tranca/dev'
/** Leaves room for the ports of peers and of health above it. */
const PORT_MAX = 65_000

interface DevOptions {
  readonly members?: string
  readonly dir: string
  readonly fresh?: boolean
  readonly port?: string
  readonly vendorKey?: string
  readonly borrowKey?: string
  readonly tls?: boolean
}

export function addDev(kit: Kit, program: Command): void {
  leaf(
    kit,
    program,
    {
      name: 'dev',
      help: 'help.dev',
      options: [
        ['-m, --members <count>', 'option.members', '3'],
        ['-d, --dir <folder>', 'option.dir', DEFAULT_DIRECTORY],
        ['--fresh', 'option.fresh'],
        ['--port <port>', 'option.port', '5555'],
        ['--vendor-key <file>', 'option.vendorKey'],
        ['--borrow-key <file>', 'option.borrowKey'],
        ['--tls', 'option.devTls'],
      ],
      shared: 'output',
      examples: [
        'tranca dev',
        'tranca dev --members 5 --dir /var/tmp/five',
        'tranca dev --fresh --port 7000',
        'tranca dev --tls',
      ],
      exits: ['ok', 'usage', 'timeout', 'internal'],
    },
    async (context, options: DevOptions) => {
      const { io, out } = context
      const stop = new AbortController()
      const signals = io.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => stop.abort())
      const directory = options.dir ?? DEFAULT_DIRECTORY
      try {
        const cluster = await startDevCluster({
          directory,
          members: wholeNumber('--members', options.members, 1, MEMBERS_MAX),
          fresh: options.fresh,
          ports: wholeNumber('--port', options.port, 1, PORT_MAX) ?? 'default',
          vendorPublicKey: options.vendorKey,
          borrowKey: options.borrowKey,
          tls: options.tls,
          onExit: (member, end, expected) => {
            const reason = end.signal ?? `exit code ${end.code}`
            if (!expected)
              out.warn('say.devExited', { name: member.name, reason, log: member.log, config: member.config })
          },
        })
        try {
          await serve(cluster)
        } finally {
          out.say('say.devStopping')
          await cluster.close()
        }
      } finally {
        signals()
      }

      async function serve(cluster: DevCluster): Promise<void> {
        const { addresses, members, tls, directory } = cluster
        out.say('say.devStarting', { count: members.length, directory })
        const own = tls && { ca: tls.ca, ...tls.admin }
        const connection = writeDevConnection(io.env, { addresses, directory, tls: own })
        try {
          await cluster.whenReady({ signal: stop.signal })
          const leader = await cluster.leader({ signal: stop.signal })
          out.data(
            { addresses, directory, leader: leader.name, members: members.map(plain), ...(tls && { tls }) },
            () => {
              out.table(
                ['node', 'client', 'peer', 'health'],
                members.map((each) => [
                  each.name,
                  each.client,
                  each.peer,
                  `http${tls ? 's' : ''}://${each.admin}`,
                ]),
              )
              out.say('say.devReady', { leader: leader.name })
              if (tls) out.say('say.devTls', { ca: tls.ca, cert: tls.client.cert, key: tls.client.key })
              out.say('say.devTry')
              for (const line of SUGGESTIONS) io.stderr.write(`  ${line}\n`)
              io.stderr.write(`  kill -9 ${leader.pid}\n`)
              out.say('say.devStop')
            },
          )
          await new Promise<void>((resolve) => {
            if (stop.signal.aborted) resolve()
            else stop.signal.addEventListener('abort', () => resolve(), { once: true })
          })
        } catch (error) {
          if (!stop.signal.aborted) throw error
        } finally {
          connection.remove()
        }
      }
    },
  )
}

const SUGGESTIONS = [
  'tranca status --watch',
  "tranca lock run jobs.nightly -- sh -c 'echo fence $TRANCA_TOKEN; sleep 10'",
  'tranca sequence reserve invoices --kind gapless --width 9',
  'tranca lock list',
]

function plain(member: {
  id: number
  name: string
  client: string
  peer: string
  admin: string
  pid: number | undefined
}) {
  const { id, name, client, peer, admin, pid } = member
  return { id, name, client, peer, admin, pid }
}
