import { Buffer } from 'node:buffer'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'

const home = fileURLToPath(new URL('../../../testdata/corpus', import.meta.url))

/** Inputs that once did harm, or reach far: one file each, hexadecimal, white space ignored. */
export function readCorpus(target: string): Map<string, Buffer> {
  const folder = join(home, target)
  const names = existsSync(folder) ? readdirSync(folder).sort() : []
  return new Map(
    names.map((name) => [
      name,
      Buffer.from(readFileSync(join(folder, name), 'utf8').replace(/\s/g, ''), 'hex'),
    ]),
  )
}

/** Keeps an input; returns its file. */
export function keep(target: string, bytes: Buffer): string {
  const folder = join(home, target)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${crc32(bytes).toString(16).padStart(8, '0')}.hex`)
  writeFileSync(file, `${bytes.toString('hex').replace(/.{1,100}/g, '$&\n')}`)
  return file
}
