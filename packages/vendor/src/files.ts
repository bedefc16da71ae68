import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type Check, FieldError } from '@tranca/license-key/shape'
import { invalid, VendorError } from './errors.ts'
import { INPUT_FILE_SIZE_MAX, PRIVATE_KEY_SIZE_MAX } from './limits.ts'

/** For secrets, and for the register: the owner only. */
export const MODE_SECRET = 0o600
export const MODE_PUBLIC = 0o644

/** Reads a JSON file and checks it; what is wrong is named with the file. */
export function readJson<T>(file: string, check: Check<T>): T {
  const text = readText(file, { sizeMax: INPUT_FILE_SIZE_MAX })
  return inFile(file, () => check(parseJson(text), ''))
}

/** Work on what a file said: a field that breaks a rule is named with the file. */
export function inFile<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof FieldError) throw invalid('INPUT_INVALID', file, error)
    throw error
  }
}

/** Texts in normal form C, as a key carries them. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.normalize('NFC').replace(/^\ufeff/, ''))
  } catch (error) {
    throw new FieldError('', text, `JSON: ${(error as Error).message}`)
  }
}

/** The private key, from a file that nobody else may read. */
export function readPrivateKey(file: string): string {
  return readText(file, { sizeMax: PRIVATE_KEY_SIZE_MAX, secret: true })
}

export function readText(file: string, options: { sizeMax: number; secret?: boolean }): string {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new VendorError('FILE_MISSING', `${file} does not exist`, { file })
    }
    throw unreadable(file, error)
  }
  try {
    const { size, mode } = fstatSync(descriptor)
    if (size > options.sizeMax) {
      const message = `${file} has ${size} bytes; expected at most ${options.sizeMax}`
      throw new VendorError('FILE_TOO_LARGE', message, { file, size, sizeMax: options.sizeMax })
    }
    if (options.secret === true && process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0')
      const message = `${file} has mode ${octal}; expected 0600: a private key is for its owner only`
      throw new VendorError('PRIVATE_KEY_EXPOSED', message, { file, mode: octal })
    }
    return readFileSync(descriptor, 'utf8')
  } catch (error) {
    if (error instanceof VendorError) throw error
    throw unreadable(file, error)
  } finally {
    closeSync(descriptor)
  }
}

/** Refuses early what `writeNew` would refuse. */
export function mustNotExist(file: string, force: boolean): void {
  if (!force && existsSync(file)) throw exists(file)
}

/** A file of its own: one that exists is left alone, unless `force`. */
export function writeNew(file: string, text: string, options: { mode: number; force: boolean }): void {
  if (options.force) {
    writeAtomic(file, text, options.mode)
    return
  }
  mkdirFor(file)
  try {
    writeDescriptor(openSync(file, 'wx', options.mode), text, options.mode)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw exists(file)
    throw unwritable(file, error)
  }
}

/** The file has the old content or the new one, whatever happens in between. */
export function writeAtomic(file: string, text: string, mode: number): void {
  mkdirFor(file)
  const draft = `${file}.${process.pid}.draft`
  try {
    writeDescriptor(openSync(draft, 'w', mode), text, mode)
    renameSync(draft, file)
    syncDirectory(dirname(file))
  } catch (error) {
    rmSync(draft, { force: true })
    throw unwritable(file, error)
  }
}

function writeDescriptor(descriptor: number, text: string, mode: number): void {
  try {
    // The mode given to open() counts for new files only.
    if (process.platform !== 'win32') fchmodSync(descriptor, mode)
    const bytes = Buffer.from(text)
    let written = 0
    while (written < bytes.length) written += writeSync(descriptor, bytes, written)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function mkdirFor(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
  } catch (error) {
    throw unwritable(file, error)
  }
}

function exists(file: string): VendorError {
  return new VendorError('FILE_EXISTS', `${file} exists; expected a new file`, { file })
}

function unreadable(file: string, cause: unknown): VendorError {
  const message = `${file} cannot be read: ${(cause as Error).message}`
  return new VendorError('FILE_UNREADABLE', message, { file }, { cause })
}

function unwritable(file: string, cause: unknown): VendorError {
  if (cause instanceof VendorError) return cause
  const message = `${file} cannot be written: ${(cause as Error).message}`
  return new VendorError('FILE_UNWRITABLE', message, { file }, { cause })
}
