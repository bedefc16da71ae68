import { createHash, randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { mustBeNew, writeWhole } from '../certificates/certificate-files.ts'
import { checkName } from '../certificates/planned-members.ts'
import { group, type Kit, leaf } from '../command-kit.ts'
import type { Context } from '../context.ts'
import { chosenRole } from './role-option.ts'

/** As many bits as the hash has: nobody finds the token by trying, so a slow hash would protect nothing. */
const TOKEN_SIZE = 32

export function addToken(kit: Kit, program: Command): void {
  const token = group(kit, program, 'token', 'help.token')
  leaf(
    kit,
    token,
    {
      name: 'new',
      help: 'help.token.new',
      args: [['<name>', 'argument.clientName']],
      options: [
        ['--role <role>', 'option.role'],
        ['--out <file>', 'option.newTokenOut'],
      ],
      shared: 'output',
      examples: [
        'tranca token new appserver-1 --role client --out appserver-1.token',
        'tranca token new zabbix --role monitor',
        'tranca token new maria --role admin -o json',
      ],
      exits: ['ok', 'usage'],
    },
    create,
  )
}

async function create(
  context: Context,
  options: { role?: string; out?: string },
  name: string,
): Promise<void> {
  const { out } = context
  checkName('<name>', name)
  const role = chosenRole(options.role)
  const token = `tranca-${randomBytes(TOKEN_SIZE).toString('base64url')}`
  const sha256 = createHash('sha256').update(token).digest('hex')
  if (options.out !== undefined) {
    mustBeNew([options.out], false)
    writeWhole(options.out, `${token}\n`, 0o600)
  }
  const shown = options.out === undefined ? { token } : { file: options.out }
  out.data({ ...shown, entry: { name, role, sha256 } }, () => {
    if (options.out === undefined) out.line(token)
    out.raw(`access:\n  tokens:\n    - { name: ${name}, role: ${role}, sha256: ${sha256} }\n`)
    out.say('say.tokenNew')
  })
}
