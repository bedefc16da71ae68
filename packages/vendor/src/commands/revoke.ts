import type { Command } from 'commander'
import { leaf, show } from '../command-kit.ts'
import { settle, VendorError } from '../errors.ts'
import type { Io } from '../io.ts'
import { withRegister } from '../register-file.ts'
import { revoke } from '../revoke.ts'

/** tranca-vendor revoke --installation ID (--reason TEXT | --lift) */
export function addRevoke(io: Io, program: Command): void {
  leaf<{ installation: string; reason?: string; lift?: boolean }>(
    io,
    program,
    {
      name: 'revoke',
      about:
        'Refuses the online validations of an installation from now on. Its key works on for the days that it ' +
        'tolerates without validation, and then until its end, in contingency.',
      shared: ['register'],
      required: [['--installation <id>', 'the installation']],
      options: [
        ['--reason <text>', 'told to the installation'],
        ['--lift', 'validate it again'],
      ],
      examples: [
        'tranca-vendor revoke --installation acme-1 --reason "contract ended"',
        'tranca-vendor revoke --installation acme-1 --lift',
        'tranca-vendor revoke --installation acme-1 --reason "moved to acme-2" --json',
      ],
      exits: ['ok', 'refused', 'usage', 'file', 'busy', 'damaged'],
    },
    (desk, options) => {
      const { installation: installationId, lift = false } = options
      if ((options.reason === undefined) !== lift) {
        throw new VendorError('USAGE', 'expected either --reason or --lift')
      }
      const reason = options.reason?.normalize('NFC')
      withRegister(options.register, { create: false }, ({ register, save }) => {
        save(settle(revoke({ register, installationId, reason, nowMs: desk.nowMs })).register)
      })
      const data = { installationId, revoked: !lift, ...(reason === undefined ? {} : { reason }) }
      show(desk, data, () => `${installationId}: ${lift ? 'validated again' : 'no longer validated'}\n`)
    },
  )
}
