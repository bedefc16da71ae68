import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { FieldError } from '@tranca/license-key/shape'
import { invalid, VendorError } from './errors.ts'
import { MODE_SECRET, parseJson, readText, writeAtomic } from './files.ts'
import { REGISTER_SIZE_MAX } from './limits.ts'
import { checkRegister, emptyRegister, type Register } from './register.ts'

/** The register on disk, for one process at a time. */
export interface RegisterFile {
  readonly register: Register
  /** Whether there was one: without, the first key starts a new one. */
  readonly existed: boolean
  save(register: Register): void
}

/** Reads a register as it is: a missing or damaged one is an error. */
export function readRegister(file: string): Register {
  const text = readText(file, { sizeMax: REGISTER_SIZE_MAX })
  try {
    return checkRegister(parseJson(text), '')
  } catch (error) {
    if (error instanceof FieldError) throw invalid('REGISTER_DAMAGED', file, error)
    throw error
  }
}

/**
 * Holds the register while `work` runs: two desks that give the same serial, or share one quota, must
 * not be. A lock left behind by a process that died is not taken over: a person removes it.
 */
export function withRegister<T>(
  file: string,
  options: { readonly create: boolean },
  work: (held: RegisterFile) => T,
): T {
  // Only a first key starts a register: any other command was given the wrong file.
  if (!options.create && !existsSync(file)) readRegister(file)
  const lock = `${file}.lock`
  takeLock(file, lock)
  try {
    const existed = existsSync(file)
    return work({
      register: existed ? readRegister(file) : emptyRegister,
      existed,
      save: (register) => writeAtomic(file, `${JSON.stringify(register, null, 2)}\n`, MODE_SECRET),
    })
  } finally {
    rmSync(lock, { force: true })
  }
}

function takeLock(file: string, lock: string): void {
  let descriptor: number
  try {
    mkdirSync(dirname(file), { recursive: true })
    descriptor = openSync(lock, 'wx', MODE_SECRET)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw busy(file, lock)
    const message = `${lock} cannot be written: ${(error as Error).message}`
    throw new VendorError('FILE_UNWRITABLE', message, { file: lock }, { cause: error })
  }
  writeSync(descriptor, `${process.pid}\n`)
  closeSync(descriptor)
}

function busy(file: string, lock: string): VendorError {
  let owner = ''
  try {
    owner = readFileSync(lock, 'utf8').trim()
  } catch {
    // It was given back meanwhile: still not ours in this run.
  }
  const who = owner === '' ? 'another process' : `process ${owner}`
  const message = `${file} is in use by ${who}; if that one is gone, remove ${lock}`
  return new VendorError('REGISTER_BUSY', message, { file, lock, owner })
}
