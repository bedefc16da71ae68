import { createPrivateKey, createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { privateKeyOf } from './vendor.ts'

const privatePem = privateKeyOf('an installation that lends units')

/** What its tokens are verified with. */
export const borrowPublicKey = createPublicKey(createPrivateKey(privatePem))
  .export({ type: 'spki', format: 'pem' })
  .toString()

let file: string | undefined

/** The installation's own key, as nodes are configured with it: nobody but its owner may read the file. */
export function borrowKeyFile(): string {
  if (file === undefined) {
    const directory = mkdtempSync(join(tmpdir(), 'tranca-simulator-'))
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
    file = join(directory, 'borrow.pem')
    writeFileSync(file, privatePem, { mode: 0o600 })
  }
  return file
}
