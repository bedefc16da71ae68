import { Buffer } from 'node:buffer'
import { superblockName } from '../../src/superblock.ts'
import { isZero } from '../../src/wal/layout.ts'
import { segmentOf } from '../../src/wal/segment-header.ts'
import { directory } from '../kit.ts'
import type { Image } from './image.ts'

/** Files that are put in place of what lies there; `undefined` removes one. */
export interface Damage {
  readonly what: string
  readonly files: ReadonlyMap<string, Buffer | undefined>
  /**
   * What may come of it. `whole`: everything, or a refusal. `older`: an earlier state of the same directory may
   * also open, for nothing in it can tell; then only the other members know.
   */
  readonly may: 'whole' | 'older'
}

/** One in so many is tried; 1 tries all. */
export interface Density {
  readonly used: number
  /** Bytes that are zero. */
  readonly empty: number
  readonly lengths: number
  readonly moments: number
}

export const everything: Density = { used: 1, empty: 1, lengths: 1, moments: 1 }

export const damageKinds = ['flip', 'cut', 'remove', 'swap', 'older'] as const
export type DamageKind = (typeof damageKinds)[number]

/** All damages of a kind, or the part of them that the density and the seed pick. */
export function damagesOf(
  kind: DamageKind,
  image: Image,
  others: readonly Image[],
  density: Density,
  seed: number,
): Generator<Damage> {
  switch (kind) {
    case 'flip':
      return flips(image, density, seed)
    case 'cut':
      return cuts(image, density, seed)
    case 'remove':
      return removals(image)
    case 'swap':
      return swaps(image, others)
    case 'older':
      return olderCopies(image, density, seed)
  }
}

/** Each byte with all its bits changed, with one, and made zero; a sample takes one of the three in turn. */
function* flips(image: Image, density: Density, seed: number): Generator<Damage> {
  let turn = seed
  for (const [path, bytes] of image.disk.files()) {
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]!
      const one = byte === 0 ? density.empty : density.used
      if (turn++ % one !== 0) continue
      const masks = [0xff, 0x01, byte]
      for (const mask of one === 1 ? masks : [masks[Math.floor(turn / one) % 3]!]) {
        if (mask === 0) continue
        const damaged = Buffer.from(bytes)
        damaged[at] = byte ^ mask
        yield { what: `${path}, byte ${at} ^ ${mask}`, files: new Map([[path, damaged]]), may: 'whole' }
      }
    }
  }
}

/** Each file cut to each shorter length. */
function* cuts(image: Image, density: Density, seed: number): Generator<Damage> {
  for (const [path, bytes] of image.disk.files()) {
    for (let length = 0; length < bytes.length; length++) {
      const edge = length < 40 || length > bytes.length - 5
      if (!edge && (length + seed) % density.lengths !== 0) continue
      const files = new Map([[path, bytes.subarray(0, length)]])
      yield { what: `${path} cut to ${length} of ${bytes.length}`, files, may: 'whole' }
    }
  }
}

/** Each file missing, each folder missing. */
function* removals(image: Image): Generator<Damage> {
  const paths = [...image.disk.files().keys()]
  for (const path of paths) {
    yield { what: `${path} removed`, files: new Map([[path, undefined]]), may: mayBeNew(image, path) }
  }
  const folders = new Set(paths.map((path) => path.slice(0, path.lastIndexOf('/'))))
  folders.delete(directory)
  for (const folder of folders) {
    const inside = paths.filter((path) => path.startsWith(`${folder}/`))
    const files = new Map(inside.map((path) => [path, undefined]))
    yield { what: `folder ${folder} removed`, files, may: 'whole' }
  }
}

function mayBeNew(image: Image, path: string): Damage['may'] {
  return image.blank && path === `${directory}/${superblockName}` ? 'older' : 'whole'
}

/**
 * Contents of files in the place of others: within the directory, from other nodes, and whole directories. A
 * segment that is only prepared is what the one in use was before its first write.
 */
function* swaps(image: Image, others: readonly Image[]): Generator<Damage> {
  const own = image.disk.files()
  const inUse = [...own.keys()].filter((path) => isSegment(path) && !isZero(own.get(path)!)).at(-1)
  for (const [to, before] of own) {
    for (const [from, content] of own) {
      if (from === to || content.equals(before)) continue
      const may = to === inUse && isZero(content) ? 'older' : 'whole'
      yield { what: `${from} in the place of ${to}`, files: new Map([[to, content]]), may }
      if (from > to) continue
      const files = new Map([
        [to, content],
        [from, before],
      ])
      yield { what: `${from} and ${to} exchanged`, files, may: 'whole' }
    }
  }
  for (const other of others) {
    const whose = `of node ${other.nodeId} of ${other.clusterId} (${other.name})`
    const foreign = other.disk.files()
    for (const [path, content] of foreign) {
      yield { what: `${path} ${whose}`, files: new Map([[path, content]]), may: 'whole' }
    }
    const whole = new Map<string, Buffer | undefined>(foreign)
    for (const path of own.keys()) if (!foreign.has(path)) whole.set(path, undefined)
    yield { what: `the directory ${whose}`, files: whole, may: 'whole' }
    const logs = new Map([...foreign].filter(([path]) => path.startsWith(`${directory}/log/`)))
    yield { what: `the log ${whose}`, files: logs, may: 'whole' }
  }
}

/** Earlier copies: of each file alone, of each part, and of the whole directory. */
function* olderCopies(image: Image, density: Density, seed: number): Generator<Damage> {
  const now = image.disk.files()
  for (const [moment, disk] of image.earlier.entries()) {
    if ((moment + seed) % density.moments !== 0) continue
    const then = disk.files()
    const when = `as before call ${moment + 1} of ${image.earlier.length}`
    const parts = new Map<string, Map<string, Buffer | undefined>>()
    for (const [path, content] of then) {
      if (now.get(path)?.equals(content)) continue
      // One file of the log alone: if it is the one in use, its end may be missing where nothing else tells.
      const may = isSegment(path) ? 'older' : 'whole'
      yield { what: `${path} ${when}`, files: new Map([[path, content]]), may }
      const part = path.slice(0, path.lastIndexOf('/'))
      parts.set(part, (parts.get(part) ?? new Map()).set(path, content))
    }
    for (const [part, files] of parts) {
      if (part === directory) continue
      for (const path of now.keys())
        if (path.startsWith(`${part}/`) && !then.has(path)) files.set(path, undefined)
      const may = part.endsWith('/log') ? 'older' : 'whole'
      yield { what: `${part} ${when}`, files, may }
    }
    const whole = new Map<string, Buffer | undefined>(then)
    for (const path of now.keys()) if (!then.has(path)) whole.set(path, undefined)
    yield { what: `the directory ${when}`, files: whole, may: 'older' }
  }
}

function isSegment(path: string): boolean {
  return segmentOf(path.slice(path.lastIndexOf('/') + 1)) !== undefined
}
