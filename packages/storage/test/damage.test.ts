import { Buffer } from 'node:buffer'
import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { diskStores } from '../src/disk-stores.ts'
import { levelStores } from '../src/level-stores.ts'
import { MemoryDisk } from '../src/memory-disk.ts'
import { verifyDirectory } from '../src/verify.ts'
import { directory, entriesOf, hard, openOn, tiny, withFolder } from './kit.ts'
import { live, Witness } from './scenario.ts'
import { makeImage } from './sweep/image.ts'

/** Old segments stay, so that there are several to be damaged. */
const keeping = { limits: { ...tiny, tailEntriesMax: 1000, tailBytesMax: 1024 * 1024 } }

await t.test('files of the log that change places, or come from another node, are refused', async (t) => {
  const { disk } = await makeImage('stopped')
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

await t.test("yesterday's superblock under today's log is refused", async (t) => {
  const disk = new MemoryDisk()
  const storage = await openOn(disk)
  const yesterday = disk.files().get(`${directory}/superblock`)!
  // Into the second segment, with no checkpoint that would miss them.
  for (let i = 1; i < 40; i += 5) {
    await storage.log.append({ hardState: hard(1, 1, i), entries: entriesOf(i, 5, 1, 200) })
  }
  await storage.close()
  disk.plant(`${directory}/superblock`, yesterday)
  await t.rejects(openOn(disk), { code: 'LOG_DAMAGED', message: /it is an older copy/ })
})

await t.test("LevelDB's manifest in the place of its log is refused, and does not abort", async (t) => {
  await withFolder(async (folder) => {
    const stores = levelStores(folder)
    const store = await stores.open('ledger-1', { create: true })
    await store.write([{ type: 'put', key: 'ra', value: Buffer.from('x') }])
    await store.close()
    const names = await readdir(join(folder, 'ledger-1'))
    const find = (pattern: RegExp) => join(folder, 'ledger-1', names.find((name) => pattern.test(name))!)
    await cp(find(/^MANIFEST/), find(/\.log$/))
    await t.rejects(stores.open('ledger-1', { create: false }), {
      code: 'LEDGER_DAMAGED',
      message: /is not a log of LevelDB/,
    })
  })
})

await t.test('verify finds the same as a start, and changes nothing', async (t) => {
  const { disk } = await makeImage('killed')
  const whole = await verifyDirectory(disk, directory, diskStores(disk))
  t.equal(whole.ok, true, JSON.stringify(whole.findings))
  t.match(whole.summary, { clusterId: 'erp', nodeId: '1', starts: 1, clean: false, log: { lastIndex: 81 } })
  t.match(whole.summary.checkpoint, { index: 29, rows: 3, hashMatches: true })

  let disagreements = 0
  let turn = 0
  for (const [path, bytes] of disk.files()) {
    for (let at = 0; at < bytes.length; at++) {
      if (bytes[at] === 0 || ++turn % 41 !== 0) continue
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
