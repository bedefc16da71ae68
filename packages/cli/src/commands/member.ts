import { setTimeout as delay } from 'node:timers/promises'
import { type Admin, OutcomeUnknownError, RefusedError, type ResultOf } from '@tranca/client'
import type { Command } from 'commander'
import { group, type Kit, leaf } from '../command-kit.ts'
import type { Context } from '../context.ts'
import { CliError, usage } from '../errors.ts'
import { wholeNumber } from '../numbers.ts'

type Member = ResultOf<'member.list'>['members'][number]

const LEADER_POLL_MS = 50
const ATTEMPTS_MAX = 3
const MEMBER_ID_MAX = 65_535

export function addLeadership(kit: Kit, program: Command): void {
  leaf(
    kit,
    program,
    {
      name: 'promote',
      help: 'help.promote',
      args: [['<node>', 'argument.node']],
      shared: 'nodes',
      examples: ['tranca promote n2', 'tranca promote 2', 'tranca promote n2 --timeout 30s -o json'],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    async (context, _options: object, node: string) => {
      await context.withAdmin(async (admin) => {
        const member = await findMember(admin, node)
        await settled(admin.request({ op: 'leader.transfer', to: member.id }))
        const leader = await awaitLeader(context, admin, member, (id) => id === member.id)
        context.out.data({ leader, name: member.name }, () =>
          context.out.say('say.promoted', { node: member.name }),
        )
      })
    },
  )
  leaf(
    kit,
    program,
    {
      name: 'drain',
      help: 'help.drain',
      args: [['<node>', 'argument.node']],
      shared: 'nodes',
      examples: [
        'tranca drain n1',
        'tranca drain 1 -o json',
        'tranca drain n1 && systemctl restart tranca@n1',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    async (context, _options: object, node: string) => {
      await context.withAdmin(async (admin) => {
        const member = await findMember(admin, node)
        await repeated(() => admin.request({ op: 'member.drain', id: member.id }))
        const leader = await awaitLeader(context, admin, member, (id) => id !== member.id)
        const said = { id: member.id, name: member.name, drained: true, leader }
        context.out.data(said, () => context.out.say('say.drained', { node: member.name }))
      })
    },
  )
  leaf(
    kit,
    program,
    {
      name: 'undrain',
      help: 'help.undrain',
      args: [['<node>', 'argument.node']],
      shared: 'nodes',
      examples: ['tranca undrain n1', 'tranca undrain 1', 'tranca undrain n1 && tranca promote n1'],
      exits: ['ok', 'refused', 'usage', 'unreachable'],
    },
    async (context, _options: object, node: string) => {
      await context.withAdmin(async (admin) => {
        const member = await findMember(admin, node)
        await repeated(() => admin.request({ op: 'member.undrain', id: member.id }))
        const said = { id: member.id, name: member.name, drained: false }
        context.out.data(said, () => context.out.say('say.undrained', { node: member.name }))
      })
    },
  )
}

interface AddOptions {
  readonly id?: string
  readonly peer: string
  readonly client: string
}

export function addMember(kit: Kit, program: Command): void {
  const member = group(kit, program, 'member', 'help.member')
  leaf(
    kit,
    member,
    {
      name: 'list',
      help: 'help.member.list',
      shared: 'nodes',
      examples: [
        'tranca member list',
        'tranca member list -o json',
        'tranca member list --addresses 10.0.0.1:5555',
      ],
      exits: ['ok', 'usage', 'unreachable'],
    },
    async (context) => {
      const { out } = context
      const { members } = await context.ask({ op: 'member.list' })
      out.data(members, () => {
        out.table(
          ['id', 'name', 'client', 'peer', 'drained', 'starts'],
          members.map((each) => [
            each.id,
            each.name,
            each.client,
            each.peer,
            out.yesNo(each.drained),
            each.starts,
          ]),
        )
      })
    },
  )
  const add = leaf(
    kit,
    member,
    {
      name: 'add',
      help: 'help.member.add',
      args: [['<name>', 'argument.name']],
      options: [
        ['--peer <address>', 'option.peer'],
        ['--client <address>', 'option.client'],
        ['--id <number>', 'option.id'],
      ],
      shared: 'nodes',
      examples: [
        'tranca member add n4 --peer 10.0.0.4:5655 --client 10.0.0.4:5555',
        'tranca member add n4 --id 4 --peer 10.0.0.4:5655 --client 10.0.0.4:5555',
        'tranca member add n4 --peer 10.0.0.4:5655 --client 10.0.0.4:5555 && tranca member promote n4',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable'],
    },
    async (context, options: AddOptions, name: string) => {
      await context.withAdmin(async (admin) => {
        const { members } = await admin.request({ op: 'member.list' })
        const free = Math.max(0, ...members.map((each) => each.id)) + 1
        const wanted = wholeNumber('--id', options.id, 1, MEMBER_ID_MAX)
        const { peer, client } = options
        const request = { op: 'member.add', name, peer, client } as const
        const id = await admin.request({ ...request, id: wanted ?? free }).then(
          () => wanted ?? free,
          async (error: unknown) => {
            // Ids of members that were removed are not used again: the cluster says which one is next.
            const nextId = nextIdAfter(error)
            if (wanted !== undefined || nextId === undefined) throw error
            await admin.request({ ...request, id: nextId })
            return nextId
          },
        )
        const said = { id, name, peer, client }
        context.out.data(said, () => context.out.say('say.added', { node: name, id }))
      })
    },
  )
  for (const flag of ['--peer', '--client'])
    add.options.find((option) => option.long === flag)!.makeOptionMandatory()
  leaf(
    kit,
    member,
    {
      name: 'promote',
      help: 'help.member.promote',
      args: [['<node>', 'argument.node']],
      shared: 'nodes',
      examples: ['tranca member promote n4', 'tranca member promote 4', 'tranca member promote n4 -o json'],
      exits: ['ok', 'refused', 'usage', 'unreachable'],
    },
    async (context, _options: object, node: string) => {
      await context.withAdmin(async (admin) => {
        const { id, name } = await findMember(admin, node)
        await admin.request({ op: 'member.promote', id })
        context.out.data({ id, name }, () => context.out.say('say.memberPromoted', { node: name }))
      })
    },
  )
  leaf(
    kit,
    member,
    {
      name: 'remove',
      help: 'help.member.remove',
      args: [['<node>', 'argument.node']],
      options: [['-y, --yes', 'option.yes']],
      shared: 'nodes',
      examples: [
        'tranca member remove n4 --yes',
        'tranca member remove 4 -y',
        'tranca drain n1 && tranca member remove n1 --yes',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable'],
    },
    async (context, options: { yes?: boolean }, node: string) => {
      await context.withAdmin(async (admin) => {
        const { id, name } = await findMember(admin, node)
        if (!options.yes) throw usage(context.texts.get('say.removeAsk', { node: name }))
        await admin.request({ op: 'member.remove', id })
        context.out.data({ id, name }, () => context.out.say('say.removed', { node: name }))
      })
    },
  )
}

/** By name, else by number. */
async function findMember(admin: Admin, node: string): Promise<Member> {
  const { members } = await admin.request({ op: 'member.list' })
  const found = members.find((each) => each.name === node) ?? members.find((each) => String(each.id) === node)
  if (found !== undefined) return found
  throw new CliError('unknownMember', `no member is named '${node}'`, { id: node })
}

/**
 * Leadership may move away from the node that was to answer: whether the request was done shows in the
 * cluster, and the caller looks there.
 */
async function settled(request: Promise<unknown>): Promise<void> {
  try {
    await request
  } catch (error) {
    if (!(error instanceof OutcomeUnknownError)) throw error
  }
}

/** For what may be asked twice: once more when the connection broke before the answer. */
async function repeated(request: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await request()
      return
    } catch (error) {
      if (!(error instanceof OutcomeUnknownError) || attempt === ATTEMPTS_MAX) throw error
    }
  }
}

/** Waits until the cluster has a leader that is right, and answers its number. */
async function awaitLeader(
  context: Context,
  admin: Admin,
  member: Member,
  isRight: (id: number) => boolean,
): Promise<number> {
  const untilMs = performance.now() + context.timeoutMs
  for (;;) {
    const reports = await admin.statusOfAll()
    const newest = reports.flatMap((report) => (report.ok ? [report.status] : [])).toSorted(byTerm)
    const leader = newest.find((status) => status.role === 'leader')
    if (leader !== undefined && isRight(leader.node)) return leader.node
    if (performance.now() >= untilMs) {
      const message = `leadership did not move within ${context.timeoutMs} ms`
      throw new CliError('transferFailed', message, { to: member.name })
    }
    await delay(LEADER_POLL_MS)
  }
}

function byTerm(one: { readonly term: number }, other: { readonly term: number }): number {
  return other.term - one.term
}

/** The id that the cluster offers when the one that was asked for belonged to a member that is gone. */
function nextIdAfter(error: unknown): number | undefined {
  if (!(error instanceof RefusedError) || error.code !== 'memberExists') return undefined
  const { name, nextId } = error.detail
  return name === '' && typeof nextId === 'number' ? nextId : undefined
}
