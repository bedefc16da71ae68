import { Buffer } from 'node:buffer'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { levelStores } from '../../src/level-stores.ts'
import { nodeDisk } from '../../src/node-disk.ts'
import type { NodeStorage } from '../../src/node-storage.ts'
import { openNodeStorage } from '../../src/open-node-storage.ts'
import { confState, tiny } from '../kit.ts'
import { live, Witness } from '../scenario.ts'
import { judge, Tally } from './verdict.ts'

export const levelImages = ['killed', 'stopped'] as const
type LevelImage = (typeof levelImages)[number]

interface LevelDamage {
  readonly what: string
  /** Files of the ledger's folder; `undefined` removes one. */
  readonly files: ReadonlyMap<string, Buffer | undefined>
}

/**
 * The same damages, to the real LevelDB in a directory on the machine's disk: its own log, manifest, tables
 * and `CURRENT`. One in `step` bytes and lengths is tried.
 */
export async function sweepLevel(name: LevelImage, step: number, seed: number): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'tranca-sweep-'))
  try {
    const { images, witness } = await makeLevelImages(folder)
    const tally = new Tally()
    const copy = join(folder, 'copy')
    for (const damage of levelDamages(name, images, step, seed)) {
      await rm(copy, { recursive: true, force: true })
      await cp(join(folder, name), copy, { recursive: true })
      for (const [file, bytes] of damage.files) {
        if (bytes === undefined) await rm(join(copy, ledger, file), { force: true })
        else await writeFile(join(copy, ledger, file), bytes)
      }
      const promised = { witness, rejoining: false, older: false }
      await judge(`level ${name}: ${damage.what}`, () => openLevelNode(copy), promised, tally)
    }
    return tally
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const ledger = 'ledger-1'

function openLevelNode(directory: string): Promise<NodeStorage> {
  return openNodeStorage({
    directory,
    clusterId: 'erp',
    nodeId: '1',
    disk: nodeDisk('/'),
    stores: levelStores('/'),
    limits: { ...tiny, tailEntriesMax: 1000, tailBytesMax: 1024 * 1024 },
    initial: { index: 0, term: 0, confState },
  })
}

type Files = ReadonlyMap<string, Buffer>

/** The directory of a node that was killed, of one that was stopped, and the ledger as it was at first. */
async function makeLevelImages(
  folder: string,
): Promise<{ images: Record<LevelImage | 'first', Files>; witness: Witness }> {
  const paths = {
    first: join(folder, 'first'),
    killed: join(folder, 'killed'),
    stopped: join(folder, 'stopped'),
  }
  const witness = new Witness()
  const storage = await openLevelNode(paths.stopped)
  await mkdir(paths.first)
  await cp(join(paths.stopped, ledger), join(paths.first, ledger), { recursive: true })
  await live(storage, witness)
  await cp(paths.stopped, paths.killed, { recursive: true })
  await storage.close()
  // Opened once more, so that there are tables and not only a log.
  await (await openLevelNode(paths.stopped)).close()
  const images = {
    first: await filesIn(join(paths.first, ledger)),
    killed: await filesIn(join(paths.killed, ledger)),
    stopped: await filesIn(join(paths.stopped, ledger)),
  }
  return { images, witness }
}

async function filesIn(path: string): Promise<Files> {
  const files = new Map<string, Buffer>()
  for (const name of (await readdir(path)).sort()) {
    // LevelDB's own diary and lock hold nothing that it reads.
    if (name !== 'LOCK' && !name.startsWith('LOG')) files.set(name, await readFile(join(path, name)))
  }
  return files
}

function* levelDamages(
  name: LevelImage,
  images: Record<LevelImage | 'first', Files>,
  step: number,
  seed: number,
): Generator<LevelDamage> {
  const own = images[name]
  let turn = seed
  for (const [file, bytes] of own) {
    for (let at = 0; at < bytes.length; at++) {
      if (turn++ % step !== 0) continue
      const byte = bytes[at]!
      const masks = [0xff, 0x01, byte]
      for (const mask of step === 1 ? masks : [masks[Math.floor(turn / step) % 3]!]) {
        if (mask === 0) continue
        const flipped = Buffer.from(bytes)
        flipped[at] = byte ^ mask
        yield { what: `${file}, byte ${at} ^ ${mask}`, files: new Map([[file, flipped]]) }
      }
      yield { what: `${file} cut to ${at}`, files: new Map([[file, bytes.subarray(0, at)]]) }
    }
    yield { what: `${file} removed`, files: new Map([[file, undefined]]) }
    for (const [other, content] of own) {
      if (other !== file)
        yield { what: `${other} in the place of ${file}`, files: new Map([[file, content]]) }
    }
  }
  const others = name === 'killed' ? [images.first, images.stopped] : [images.first, images.killed]
  for (const foreign of others) {
    for (const [file, bytes] of foreign)
      yield { what: `${file} of another time`, files: new Map([[file, bytes]]) }
    const all = new Map<string, Buffer | undefined>(foreign)
    for (const file of own.keys()) if (!foreign.has(file)) all.set(file, undefined)
    yield { what: 'the ledger of another time', files: all }
  }
}
