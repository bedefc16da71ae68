import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Command, command } from '../network/command.ts'
import { compileShim } from './shim.ts'

/** The smallest that a node takes: an entry of 1 MiB must fit. */
export const SMALL_SEGMENT_SIZE = 2 * 1024 * 1024
/** A log of some segments, a ledger, and a little: no member needs more until it has worked for a while. */
const DISK_SIZE = '32m'
const BALLAST = 'ballast'
const PIECES = [1024 * 1024, 4096] as const

/**
 * The disks under the members: each can hang and fail one sync (a library of ours is preloaded, see
 * native/faulty-sync.c), and if they are mounted, fill up.
 */
export class MemberDisks {
  readonly #folder: string
  readonly #library: string | undefined
  readonly #mounted: string[] = []

  private constructor(folder: string, library: string | undefined) {
    this.#folder = folder
    this.#library = library
  }

  /** @param kind `shim`: syncs can hang and fail; `small`: {@link mount} gives members small disks */
  static async make(kind: 'shim' | 'small', folder: string, run: Command = command): Promise<MemberDisks> {
    mkdirSync(folder, { recursive: true })
    return new MemberDisks(folder, kind === 'shim' ? await compileShim(run, folder) : undefined)
  }

  /** What a member's command line is put behind. */
  commandFor(member: string): readonly string[] {
    if (this.#library === undefined) return []
    return [
      'env',
      `LD_PRELOAD=${this.#library}`,
      `TRANCA_FAIL_SYNC=${this.#control(member)}`,
      `TRANCA_HANG_SYNC=${this.#hang(member)}`,
    ]
  }

  /** Puts a small disk under an empty data directory. */
  mount(data: string): void {
    mkdirSync(data, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_SIZE}`, 'tmpfs', data])
    this.#mounted.push(data)
  }

  /** No sync of the member ends from now on. */
  hang(member: string): void {
    writeFileSync(this.#hang(member), '')
  }

  /** The syncs that were waited for end, and others as ever. */
  goOn(member: string): void {
    rmSync(this.#hang(member), { force: true })
  }

  /** From now on, the member's sync after `count - 1` others fails. */
  failSync(member: string, count: number): void {
    rmSync(`${this.#control(member)}.said`, { force: true })
    // Whole or not at all: the member may look at any moment.
    writeFileSync(`${this.#control(member)}.new`, String(count))
    renameSync(`${this.#control(member)}.new`, this.#control(member))
  }

  /** What became of it: the files whose sync failed, and those that were synced again after that. */
  failures(member: string): { readonly failed: readonly string[]; readonly again: readonly string[] } {
    const file = `${this.#control(member)}.said`
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
    const after = (word: string) =>
      lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
    return { failed: after('failed'), again: after('again') }
  }

  /** Leaves not a byte of room. */
  fill(data: string): void {
    const file = openSync(join(data, BALLAST), 'a')
    try {
      for (const size of PIECES) {
        const piece = Buffer.alloc(size, 1)
        while (wrote(file, piece));
      }
    } finally {
      closeSync(file)
    }
  }

  /** Gives the room back. */
  free(data: string): void {
    rmSync(join(data, BALLAST), { force: true })
  }

  remove(): void {
    for (const data of this.#mounted.splice(0)) execFileSync('umount', ['--lazy', data])
  }

  #hang(member: string): string {
    return join(this.#folder, `hang-sync-${member}`)
  }

  #control(member: string): string {
    return join(this.#folder, `fail-sync-${member}`)
  }
}

function wrote(file: number, piece: Buffer): boolean {
  try {
    return writeSync(file, piece) > 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}
