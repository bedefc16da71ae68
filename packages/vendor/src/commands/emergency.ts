import type { Command } from 'commander'
import { leaf, say, show } from '../command-kit.ts'
import { issueEmergency } from '../emergency.ts'
import { settle } from '../errors.ts'
import { mustNotExist, readPrivateKey } from '../files.ts'
import type { Io } from '../io.ts'
import { giveKey, keyData, keyLine, signChecked } from '../key-output.ts'
import { withRegister } from '../register-file.ts'

/** tranca-vendor emergency --installation ID [--out FILE] */
export function addEmergency(io: Io, program: Command): void {
  leaf<{ installation: string; out?: string; force?: boolean }>(
    io,
    program,
    {
      name: 'emergency',
      about:
        "Issues an emergency key, valid today only in the installation's own time zone; 5 within three " +
        'rolling months. Asked again on the same day, it gives the same key, which costs nothing.',
      shared: ['register', 'privateKey'],
      required: [['--installation <id>', 'the installation']],
      options: [
        ['--out <file>', 'where the key is written (stdout)'],
        ['--force', 'replace the file given with --out'],
      ],
      examples: [
        'tranca-vendor emergency --installation acme-1 --out today.key.json',
        'tranca-vendor emergency --installation acme-1 > today.key.json',
        'tranca-vendor emergency --installation acme-1 --json',
      ],
      exits: ['ok', 'refused', 'usage', 'file', 'busy', 'damaged'],
    },
    (desk, options) => {
      const privateKey = readPrivateKey(options.privateKey)
      if (options.out !== undefined) mustNotExist(options.out, options.force === true)
      const { key, result } = withRegister(options.register, { create: false }, ({ register, save }) => {
        const request = { register, installationId: options.installation, nowMs: desk.nowMs }
        const result = settle(issueEmergency(request))
        const key = signChecked(result.body, privateKey)
        save(result.register)
        return { key, result }
      })
      giveKey(desk, key, options)
      const { quota, repeated } = result
      if (desk.json) show(desk, { ...keyData(key, options.out), repeated, quota }, () => '')
      else say(desk, `${keyLine(key)}${repeated ? ', issued before' : ''}; ${quota.left} left`)
    },
  )
}
