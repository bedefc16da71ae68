import { join } from 'node:path'
import { generateKeyPair } from '@tranca/license-key'
import type { Command } from 'commander'
import { leaf, say, show } from '../command-kit.ts'
import { MODE_PUBLIC, MODE_SECRET, mustNotExist, writeNew } from '../files.ts'
import type { Io } from '../io.ts'

/** tranca-vendor keypair [--out DIRECTORY] */
export function addKeypair(io: Io, program: Command): void {
  leaf<{ out?: string }>(
    io,
    program,
    {
      name: 'keypair',
      about: "Makes the vendor's key pair. The private key (mode 0600) is written once and never shown.",
      shared: [],
      options: [['--out <directory>', 'where vendor-private.pem and vendor-public.pem are written (.)']],
      examples: [
        'tranca-vendor keypair',
        'tranca-vendor keypair --out keys',
        'tranca-vendor keypair --out keys --json',
      ],
      exits: ['ok', 'usage', 'file'],
    },
    (desk, options) => {
      const privateKeyFile = join(options.out ?? '.', 'vendor-private.pem')
      const publicKeyFile = join(options.out ?? '.', 'vendor-public.pem')
      for (const file of [privateKeyFile, publicKeyFile]) mustNotExist(file, false)
      const { privateKeyPem, publicKeyPem, keyId } = generateKeyPair()
      writeNew(privateKeyFile, privateKeyPem, { mode: MODE_SECRET, force: false })
      writeNew(publicKeyFile, publicKeyPem, { mode: MODE_PUBLIC, force: false })
      show(desk, { keyId, privateKeyFile, publicKeyFile }, () => {
        return `key id   ${keyId}\nprivate  ${privateKeyFile}\npublic   ${publicKeyFile}\n`
      })
      say(desk, "Keep the private key off the customers' machines; nodes are configured with the public one.")
    },
  )
}
