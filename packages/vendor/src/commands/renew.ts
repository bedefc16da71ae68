import { day, integer } from '@tranca/license-key/shape'
import type { Command } from 'commander'
import { leaf, say, show } from '../command-kit.ts'
import { settle, VendorError } from '../errors.ts'
import { mustNotExist, readPrivateKey } from '../files.ts'
import type { Io } from '../io.ts'
import { giveKey, keyData, keyLine, signChecked } from '../key-output.ts'
import { MONTHS_MAX } from '../limits.ts'
import { withRegister } from '../register-file.ts'
import { renew } from '../renew.ts'

/** tranca-vendor renew --installation ID [--months N | --until DAY] [--out FILE] */
export function addRenew(io: Io, program: Command): void {
  leaf<{ installation: string; months?: string; until?: string; out?: string; force?: boolean }>(
    io,
    program,
    {
      name: 'renew',
      about: "Renews an installation's license: the same contract, a larger serial, a later end.",
      shared: ['register', 'privateKey'],
      required: [['--installation <id>', 'the installation']],
      options: [
        ['--months <n>', 'months after the license in force (4)'],
        ['--until <day>', 'or the last valid day, YYYY-MM-DD'],
        ['--out <file>', 'where the key is written (stdout)'],
        ['--force', 'replace the file given with --out'],
      ],
      examples: [
        'tranca-vendor renew --installation acme-1 --out acme-2.key.json',
        'tranca-vendor renew --installation acme-1 --months 12 --out acme-2.key.json',
        'tranca-vendor renew --installation acme-1 --until 2027-12-31 --json',
      ],
      exits: ['ok', 'refused', 'usage', 'file', 'busy', 'damaged'],
    },
    (desk, options) => {
      if (options.months !== undefined && options.until !== undefined) {
        throw new VendorError('USAGE', '--months and --until say the same: give one of them')
      }
      const months =
        options.months === undefined
          ? {}
          : { months: integer({ min: 1, max: MONTHS_MAX })(Number(options.months), '--months') }
      const until = options.until === undefined ? {} : { validUntil: day(options.until, '--until') }
      const privateKey = readPrivateKey(options.privateKey)
      if (options.out !== undefined) mustNotExist(options.out, options.force === true)
      const key = withRegister(options.register, { create: false }, ({ register, save }) => {
        const { nowMs } = desk
        const installationId = options.installation
        const result = settle(renew({ register, installationId, nowMs, ...months, ...until }))
        const signed = signChecked(result.licenses[0]!, privateKey)
        save(result.register)
        return signed
      })
      giveKey(desk, key, options)
      if (desk.json) show(desk, keyData(key, options.out), () => '')
      else say(desk, keyLine(key))
    },
  )
}
