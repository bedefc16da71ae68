import { readFileSync, writeFileSync } from 'node:fs'
import type { Session } from '@tranca/client'
import { verifyBorrowToken } from '@tranca/license-key'
import type { Command } from 'commander'
import { type Kit, leaf } from '../command-kit.ts'
import type { Context } from '../context.ts'
import { formatMoment } from '../durations.ts'
import { CliError, usage } from '../errors.ts'
import { parseMoment } from '../moments.ts'
import { collect, rowLimit } from '../pages.ts'
import { type HolderOptions, holdersWanted, installationOf, productOf } from './license-options.ts'

export function addLicenseBorrow(kit: Kit, license: Command): void {
  leaf(
    kit,
    license,
    {
      name: 'borrow',
      help: 'help.license.borrow',
      args: [
        ['<product>', 'argument.product'],
        ['<user>', 'argument.user'],
      ],
      options: [
        ['--until <moment>', 'option.until'],
        ['--out <file>', 'option.tokenOut'],
        ['--installation <type>', 'option.installation', 'production'],
      ],
      shared: 'nodes',
      examples: [
        'tranca license borrow 4000 ana --until 2026-12-24 --out ana.token',
        'tranca license borrow 4000 ana --until 2026-12-24T18:00 > ana.token',
        'tranca license borrow 4007 ana --until 2026-12-24 --installation development -o json',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    borrow,
  )
  leaf(
    kit,
    license,
    {
      name: 'token',
      help: 'help.license.token',
      args: [['<borrow>', 'argument.borrow']],
      options: [['--out <file>', 'option.tokenOut']],
      shared: 'nodes',
      examples: [
        'tranca license token B814 --out ana.token',
        'tranca license token B814 > ana.token',
        'tranca license token B814 -o json',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    tokenAgain,
  )
  leaf(
    kit,
    license,
    {
      name: 'return',
      help: 'help.license.return',
      args: [['<borrow>', 'argument.borrow']],
      shared: 'nodes',
      examples: [
        'tranca license return B814',
        'tranca license return B814 -o json',
        'tranca license return B814 --timeout 30s',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    giveBack,
  )
  leaf(
    kit,
    license,
    {
      name: 'borrowed',
      help: 'help.license.borrowed',
      options: [
        ['--product <number>', 'option.product'],
        ['--user <name>', 'option.user'],
        ['--limit <count>', 'option.limit', '1000'],
      ],
      shared: 'nodes',
      examples: [
        'tranca license borrowed',
        'tranca license borrowed --user ana',
        'tranca license borrowed --product 4000 -o json',
      ],
      exits: ['ok', 'usage', 'unreachable'],
    },
    borrowed,
  )
  leaf(
    kit,
    license,
    {
      name: 'check-token',
      help: 'help.license.checkToken',
      args: [['<file>', 'argument.tokenFile']],
      options: [['--public-key <file>', 'option.publicKey']],
      shared: 'output',
      examples: [
        'tranca license check-token ana.token --public-key borrow-public.pem',
        'tranca license check-token ana.token --public-key borrow-public.pem -o json',
        'tranca license check-token ana.token --public-key borrow-public.pem && echo granted',
      ],
      exits: ['ok', 'refused', 'usage'],
    },
    checkToken,
  )
}

interface BorrowOptions {
  readonly until?: string
  readonly out?: string
  readonly installation?: string
}

async function borrow(
  context: Context,
  options: BorrowOptions,
  productText: string,
  user: string,
): Promise<void> {
  const { out, io, timeoutMs: deadlineMs } = context
  const product = productOf('<product>', productText)
  if (options.until === undefined) throw usage('--until: missing; say when the unit is free again')
  const until = parseMoment('--until', options.until, io.now())
  if (until <= io.now()) throw usage(`--until: '${options.until}' is not ahead`)
  const installation = installationOf(options.installation)
  const work = async (session: Session): Promise<void> => {
    const unit = await session.owner(context.owner).borrow(product, { user, until, deadlineMs })
    try {
      if (options.out !== undefined) writeToken(options.out, unit.token)
    } catch (error) {
      await unit.return({ deadlineMs })
      throw error
    }
    const { borrow: id, token } = unit
    out.data({ borrow: id, product, user, untilMs: until, token }, () => {
      if (options.out === undefined) out.raw(token)
      out.say('say.borrowed', { borrow: id, product, user, until: formatMoment(until) })
    })
  }
  await context.withSession(work, installation && { installation })
}

/** A token that was lost: the same again. */
async function tokenAgain(context: Context, options: { out?: string }, borrow: string): Promise<void> {
  const { out } = context
  const { token } = await context.ask({ op: 'license.borrowToken', borrow })
  if (options.out !== undefined) writeToken(options.out, token)
  out.data({ borrow, token }, () => {
    if (options.out === undefined) out.raw(token)
  })
}

/** A file that exists may be the token of somebody else. */
function writeToken(file: string, token: string): void {
  try {
    writeFileSync(file, token, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw usage(`--out: ${file}: ${(error as Error).message}`)
  }
}

async function giveBack(context: Context, _options: object, id: string): Promise<void> {
  const { out, timeoutMs: deadlineMs } = context
  const result = await context.withSession((session) =>
    session.request({ op: 'license.returnBorrowed', borrow: id }, { deadlineMs }),
  )
  out.data({ borrow: id, ...result }, () => out.say('say.borrowReturned', { borrow: id, ...result }))
}

async function borrowed(context: Context, options: HolderOptions): Promise<void> {
  const { out } = context
  const limit = rowLimit(options.limit)
  const wanted = holdersWanted(options)
  const { rows, more } = await context.withAdmin((admin) =>
    collect(limit, async (after: string | undefined, size) => {
      const page = await admin.request({
        op: 'license.borrowed',
        ...wanted,
        ...(after === undefined ? {} : { after }),
        limit: size,
      })
      return { rows: page.borrows, next: page.next }
    }),
  )
  out.data(rows, () => {
    out.table(
      ['borrow', 'product', 'name', 'installation', 'user', 'since', 'until'],
      rows.map((each) => [
        each.borrow,
        each.product,
        each.name,
        out.word(each.installation),
        each.user,
        formatMoment(each.sinceMs),
        formatMoment(each.untilMs),
      ]),
    )
  })
  if (more) out.warn('say.more', { limit })
}

const causeOf = {
  damaged: 'tokenDamaged',
  unknownFormat: 'tokenDamaged',
  invalid: 'tokenDamaged',
  otherInstallation: 'tokenOther',
  expired: 'tokenExpired',
} as const

async function checkToken(context: Context, options: { publicKey?: string }, file: string): Promise<void> {
  const { out, io } = context
  if (options.publicKey === undefined)
    throw usage('--public-key: missing; nothing can be believed without it')
  const publicKey = read('--public-key', options.publicKey).toString()
  const checked = verifyBorrowToken(read('<file>', file), publicKey, io.now())
  if (!checked.ok) {
    const { cause, detail } = checked
    throw new CliError(causeOf[cause], `${file}: ${cause}: ${detail.field}`, { ...detail })
  }
  const { body } = checked.token
  out.data(checked.token, () => {
    const until = formatMoment(Date.parse(body.until))
    const { product, user, borrow: id, installationId } = body
    out.line(context.texts.get('say.tokenGood', { product, user, until, borrow: id, installationId }))
  })
}

function read(flag: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw usage(`${flag}: ${file}: ${(error as Error).message}`)
  }
}
