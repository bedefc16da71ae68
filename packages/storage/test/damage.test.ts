import { Buffer } from 'node:buffer'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { diskStores } from '../src/disk-stores.ts'
import { StorageRefusal } from '../src/errors.ts'
import { levelStores } from '../src/level-stores.ts'
import { MemoryDisk } from '../src/memory-disk.ts'
import { nodeDisk } from '../src/node-disk.ts'
import type { NodeStorage } from '../src/node-storage.ts'
import type { OpenNodeStorageOptions } from '../src/open-node-storage.ts'
import { openNodeStorage } from '../src/open-node-storage.ts'
import { verifyDirectory } from '../src/verify.ts'
import { confState, directory, openOn, tiny, withFolder } from './kit.ts'
import { live, Witness } from './scenario.ts'

/** Every byte and every length instead of a sample: minutes instead of seconds. */
const full = process.env.TRANCA_FULL_SWEEP === '1'
if (full) t.setTimeout(0)

/** Opens; returns a sentence when the result is neither everything nor a plain refusal. */
async function verdict(
  open: () => Promise<NodeStorage>,
  witness: Witness,
  tally: Tally,
): Promise<string | undefined> {
  let storage: NodeStorage
  try {
    storage = await open()
  } catch (error) {
    if (!(error instanceof StorageRefusal))
      return `not a refusal: ${error instanceof Error ? error.stack : error}`
    if (error.code === 'LOCKED') return `locked: ${error.message}`
    tally.refused[error.code] = (tally.refused[error.code] ?? 0) + 1
    return undefined
  }
  try {
    witness.check(storage, true)
    tally.recovered++
    return undefined
  } catch (error) {
    return `opened with less: ${error instanceof Error ? error.message : error}`
  } finally {
    await storage.close()
  }
}

interface Tally {
  recovered: number
  refused: Record<string, number>
}

/** Old segments stay, so that there are several to be damaged. */
const keeping = { limits: { ...tiny, tailEntriesMax: 1000, tailBytesMax: 1024 * 1024 } }

async function image(clean: boolean): Promise<{ disk: MemoryDisk; witness: Witness }> {
  const disk = new MemoryDisk()
  const witness = new Witness()
  const storage = await openOn(disk, keeping)
  await live(storage, witness)
  // The image of a node that was killed: nothing was tidied up, the last append was acknowledged.
  const killed = disk.clone()
  await storage.close()
  return { disk: clean ? disk.clone() : killed, witness }
}

for (const clean of [true, false]) {
  const state = clean ? 'stopped in order' : 'killed'

  await t.test(
    `any one byte changed in a directory that was ${state} is recovered from or refused`,
    async (t) => {
      const { disk, witness } = await image(clean)
      const failures: string[] = []
      const tally: Tally = { recovered: 0, refused: {} }
      let turn = 0
      for (const [path, bytes] of disk.files()) {
        for (let at = 0; at < bytes.length; at++) {
          turn++
          // Where bytes are in use each one is tried, with one of three changes in turn; of empty space a part.
          const used = bytes[at] !== 0
          if (!full && !(used ? turn % 4 === 0 : turn % 211 === 0)) continue
          const changes = full ? [0xff, 0x01, bytes[at]!] : [[0xff, 0x01, bytes[at]!][(turn >> 2) % 3]!]
          for (const change of changes) {
            if (change === 0) continue
            const copy = disk.clone()
            const damaged = Buffer.from(bytes)
            damaged[at] = damaged[at]! ^ change
            copy.plant(path, damaged)
            const problem = await verdict(() => openOn(copy), witness, tally)
            if (problem !== undefined) failures.push(`${path}, byte ${at} ^ ${change}: ${problem}`)
          }
        }
      }
      t.same(failures.slice(0, 10), [])
      t.comment(JSON.stringify(tally))
      t.ok(tally.recovered > 0 && tally.refused.LOG_DAMAGED! > 100, JSON.stringify(tally))
    },
  )

  await t.test(
    `any file cut at any length in a directory that was ${state} is recovered from or refused`,
    async (t) => {
      const { disk, witness } = await image(clean)
      const failures: string[] = []
      const tally: Tally = { recovered: 0, refused: {} }
      for (const [path, bytes] of disk.files()) {
        for (let length = -1; length < bytes.length; length++) {
          if (!full && length > 40 && length % 41 !== 0 && length < bytes.length - 5) continue
          const copy = disk.clone()
          // -1 removes the file.
          copy.plant(path, length < 0 ? undefined : bytes.subarray(0, length))
          const problem = await verdict(() => openOn(copy), witness, tally)
          if (problem !== undefined) failures.push(`${path} cut to ${length} of ${bytes.length}: ${problem}`)
        }
      }
      t.same(failures.slice(0, 10), [])
      t.comment(JSON.stringify(tally))
      t.ok(tally.recovered > 0 && tally.refused.LOG_DAMAGED! > 0, JSON.stringify(tally))
    },
  )
}

await t.test('files of the log that change places, or come from another node, are refused', async (t) => {
  const { disk } = await image(true)
  const segments = [...disk.files()].filter(([path]) => path.includes('/log/'))
  const used = segments.filter(([, bytes]) => bytes.some((byte) => byte !== 0))
  t.ok(used.length >= 2)
  const swapped = disk.clone()
  swapped.plant(used[0]![0], used[1]![1])
  swapped.plant(used[1]![0], used[0]![1])
  await t.rejects(openOn(swapped), { code: 'LOG_DAMAGED' })

  const other = new MemoryDisk()
  const stranger = await openOn(other, { nodeId: '2' })
  await live(stranger, new Witness())
  await stranger.close()
  const mixed = disk.clone()
  for (const [path, bytes] of other.files()) if (path.includes('/log/')) mixed.plant(path, bytes)
  await t.rejects(openOn(mixed), { code: 'LOG_DAMAGED', message: /another node or cluster/ })
})

await t.test("yesterday's ledger under today's log is brought up to date or refused", async (t) => {
  const disk = new MemoryDisk()
  const storage = await openOn(disk)
  const yesterday = disk.clone()
  await live(storage, new Witness())
  await storage.close()
  for (const [path, bytes] of yesterday.files()) if (path.includes('/ledger-')) disk.plant(path, bytes)
  await t.rejects(openOn(disk), { code: 'LEDGER_BEHIND', message: /entries between are missing/ })

  const kept = new MemoryDisk()
  const witness = new Witness()
  const keeper = await openOn(kept, keeping)
  const before = kept.clone()
  await live(keeper, witness)
  await keeper.close()
  for (const [path, bytes] of before.files()) if (path.includes('/ledger-')) kept.plant(path, bytes)
  const again = await openOn(kept)
  witness.check(again, true)
  t.same(again.recovered, { fromIndex: 1, toIndex: 33, notes: [] })
})

await t.test("yesterday's log under today's superblock is refused", async (t) => {
  const disk = new MemoryDisk()
  const storage = await openOn(disk)
  await storage.log.append({ hardState: { term: 1, vote: 1, commit: 0 } })
  const yesterday = disk.clone()
  await storage.log.append({ entries: [{ index: 1, term: 1, type: 'normal', data: Buffer.alloc(10) }] })
  await storage.close()
  for (const [path, bytes] of yesterday.files()) if (path.includes('/log/')) disk.plant(path, bytes)
  await t.rejects(openOn(disk), { code: 'LOG_SHORT' })
})

await t.test('verify finds the same as a start, and changes nothing', async (t) => {
  const { disk } = await image(false)
  const whole = await verifyDirectory(disk, directory, diskStores(disk))
  t.equal(whole.ok, true, JSON.stringify(whole.findings))
  t.match(whole.summary, { clusterId: 'erp', nodeId: '1', starts: 1, clean: false, log: { lastIndex: 33 } })
  t.match(whole.summary.checkpoint, { index: 29, rows: 3, hashMatches: true })

  let disagreements = 0
  let turn = 0
  for (const [path, bytes] of disk.files()) {
    for (let at = 0; at < bytes.length; at++) {
      if (bytes[at] === 0 || ++turn % (full ? 1 : 41) !== 0) continue
      const copy = disk.clone()
      const damaged = Buffer.from(bytes)
      damaged[at] = damaged[at]! ^ 0xff
      copy.plant(path, damaged)
      const before = copy.files()
      const report = await verifyDirectory(copy, directory, diskStores(copy))
      const after = copy.files()
      for (const [name, content] of before)
        if (!after.get(name)?.equals(content)) t.fail(`${name} was changed`)
      const opened = await openOn(copy).then(
        async (storage) => {
          await storage.close()
          return true
        },
        () => false,
      )
      if (opened !== report.ok) disagreements++
    }
  }
  t.equal(disagreements, 0)

  const cases: [string, (path: string, bytes: Buffer) => Buffer | undefined, RegExp][] = [
    ['superblock', (path) => (path.endsWith('superblock') ? undefined : Buffer.alloc(0)), /missing/],
    [
      'log',
      (path, bytes) => (path.includes('/log/') ? bytes.subarray(0, 4000) : bytes),
      /4000 bytes where 4096/,
    ],
    ['ledger', (path, bytes) => (path.endsWith('/rows') ? bytes.subarray(0, 30) : bytes), /no description/],
  ]
  for (const [what, damage, expected] of cases) {
    const copy = disk.clone()
    for (const [path, bytes] of disk.files()) {
      if (path.includes(what)) copy.plant(path, damage(path, bytes))
    }
    const report = await verifyDirectory(copy, directory, diskStores(copy))
    t.equal(report.ok, false, what)
    t.match(report.findings.map((f) => f.text).join('; '), expected, what)
  }
})

await t.test('LevelDB with a byte changed or cut off is recovered from or refused', async (t) => {
  await withFolder(async (folder) => {
    const master = join(folder, 'master')
    const options = (path: string): OpenNodeStorageOptions => ({
      directory: path,
      clusterId: 'erp',
      nodeId: '1',
      disk: nodeDisk('/'),
      stores: levelStores('/'),
      limits: tiny,
      initial: { index: 0, term: 0, confState },
    })
    const witness = new Witness()
    const killed = join(folder, 'killed')
    const storage = await openNodeStorage(options(master))
    await live(storage, witness)
    await cp(master, killed, { recursive: true })
    await storage.close()
    // Opened once more, so that there are tables and not only a log.
    await (await openNodeStorage(options(master))).close()

    const failures: string[] = []
    const tally: Tally = { recovered: 0, refused: {} }
    const ledger = 'ledger-1'
    let turn = 0
    for (const source of [killed, master]) {
      for (const name of (await readdir(join(source, ledger))).sort()) {
        if (name === 'LOCK' || name.startsWith('LOG')) continue
        const bytes = await readFile(join(source, ledger, name))
        const damages: [string, Buffer][] = []
        const step = full ? 1 : Math.max(1, Math.floor(bytes.length / 8))
        for (let at = 0; at < bytes.length; at += step) {
          const flipped = Buffer.from(bytes)
          flipped[at] = flipped[at]! ^ (turn++ % 2 === 0 ? 0xff : 0x01)
          damages.push([`byte ${at}`, flipped])
          damages.push([`cut to ${at}`, bytes.subarray(0, at)])
        }
        for (const [what, damaged] of damages) {
          const copy = join(folder, 'copy')
          await rm(copy, { recursive: true, force: true })
          await cp(source, copy, { recursive: true })
          await writeFile(join(copy, ledger, name), damaged)
          const problem = await verdict(() => openNodeStorage(options(copy)), witness, tally)
          if (problem !== undefined) failures.push(`${name}, ${what}: ${problem}`)
        }
      }
    }
    t.same(failures.slice(0, 10), [])
    t.comment(JSON.stringify(tally))
    t.ok(
      tally.recovered + Object.values(tally.refused).reduce((a, b) => a + b, 0) > 30,
      JSON.stringify(tally),
    )
  })
})
