import { dayOf } from '@tranca/license-key'
import type { Command } from 'commander'
import { registerClone } from '../clone.ts'
import { HELP_ABOUT, helpTail, leaf, show } from '../command-kit.ts'
import { settle } from '../errors.ts'
import type { ExitName } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { findInstallation } from '../register.ts'
import { withRegister } from '../register-file.ts'

interface Options {
  readonly installation: string
  readonly serial: string
  readonly term: string
  readonly signedBy: string
  readonly signedOn?: string
}

const examples = [
  'tranca-vendor clone register --installation acme-1 --serial HL-77-B --term T-2026-12 --signed-by "J. Souza"',
  'tranca-vendor clone register --installation acme-1 --serial HL-77-C --term T-13 --signed-by Ana --signed-on 2026-03-01',
  'tranca-vendor clone register --installation acme-1 --serial HL-77-D --term T-14 --signed-by Ana --json',
] as const

const exits: readonly ExitName[] = ['ok', 'refused', 'usage', 'file', 'busy', 'damaged']

/** tranca-vendor clone register --installation ID --serial SERIAL --term REFERENCE --signed-by NAME */
export function addClone(io: Io, program: Command): void {
  const group = program
    .command('clone')
    .description('Clones of the hardlock, for servers that take over.')
    .helpOption('-h, --help', HELP_ABOUT)
    .helpCommand(false)
    .addHelpText('after', () => helpTail(examples, exits))
  leaf<Options>(
    io,
    group,
    {
      name: 'register',
      about: 'Registers a clone with its signed term of responsibility. The next license issued carries it.',
      shared: ['register'],
      required: [
        ['--installation <id>', 'the installation'],
        ['--serial <serial>', 'serial of the cloned device'],
        ['--term <reference>', 'reference of the signed term of responsibility'],
        ['--signed-by <name>', 'who signed it'],
      ],
      options: [['--signed-on <day>', 'when, YYYY-MM-DD (today)']],
      examples,
      exits,
    },
    (desk, options) => {
      const { nowMs } = desk
      const installationId = options.installation
      const { result, clones } = withRegister(options.register, { create: false }, ({ register, save }) => {
        const offset = findInstallation(register, installationId)?.license.utcOffsetMinutes ?? 0
        const signedOn = options.signedOn ?? dayOf(nowMs, offset)
        const { serial } = options
        const term = options.term.normalize('NFC')
        const signedBy = options.signedBy.normalize('NFC')
        const request = { register, installationId, serial, term, signedBy, signedOn, nowMs }
        const result = settle(registerClone(request))
        save(result.register)
        return { result, clones: findInstallation(result.register, installationId)?.clones.length ?? 0 }
      })
      show(desk, { installationId, clone: result.clone, clones }, () => {
        return `${installationId}: clone ${result.clone.serial} registered, ${clones} in all; renew to send it out\n`
      })
    },
  )
}
