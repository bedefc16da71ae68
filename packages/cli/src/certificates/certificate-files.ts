import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CliError, usage } from '../errors.ts'
import type { CertifiedKey } from './authority.ts'

/** Where `tranca cert` keeps what belongs to one cluster. The authority's key lies apart, to be taken away. */
export function certificateFiles(directory: string) {
  const pair = (folder: string, name: string) => ({
    cert: join(directory, folder, `${name}.crt`),
    key: join(directory, folder, `${name}.key`),
  })
  return {
    authority: { cert: join(directory, 'ca.crt'), key: join(directory, 'offline', 'ca.key') },
    member: (name: string) => pair('members', name),
    client: (name: string) => pair('clients', name),
  }
}

export interface FilePair {
  readonly cert: string
  readonly key: string
}

/** @throws CliError `CERT_EXISTS`: nothing is written over unless it was said */
export function mustBeNew(files: readonly string[], force: boolean | undefined): void {
  if (force) return
  const there = files.find((file) => existsSync(file))
  if (there === undefined) return
  throw new CliError('CERT_EXISTS', `${there} exists`, { file: there })
}

/** The key first: a certificate is never there without it. */
export function writePair(files: FilePair, pair: CertifiedKey): void {
  writeWhole(files.key, pair.key, 0o600)
  writeWhole(files.cert, pair.cert, 0o644)
}

/** Under another name first, so that whoever reads the file finds the old or the new one, whole. */
export function writeWhole(file: string, text: string, mode: number): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const fresh = `${file}.${process.pid}.new`
  try {
    writeFileSync(fresh, text, { mode, flag: 'wx' })
    // Whatever the process's mask is.
    chmodSync(fresh, mode)
    renameSync(fresh, file)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  }
}

/** @throws CliError `USAGE` */
export function readGiven(what: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw usage(`${what}: ${file}: ${(error as Error).message}`)
  }
}
