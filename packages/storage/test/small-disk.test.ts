import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { MemoryDisk } from '../src/memory-disk.ts'
import { openNodeStorage } from '../src/open-node-storage.ts'
import type { Entry } from '../src/types.ts'
import { allEntries, confState, directory, entriesOf, hard, openOn, tiny } from './kit.ts'

await t.test(
  'a new directory on a disk that is too small is refused, and made when there is room',
  async (t) => {
    const disk = new MemoryDisk()
    disk.capacity = 4 * 4096 - 1
    await t.rejects(openOn(disk), {
      code: 'DISK_FULL',
      message: /needs 16384 bytes on its disk, and 16383 are free \(file n1\)\. Free space/,
    })
    t.notOk(disk.files().has(`${directory}/superblock`))
    disk.capacity = Number.POSITIVE_INFINITY
    const storage = await openOn(disk)
    await storage.log.append({ entries: entriesOf(1, 5, 1) })
    await storage.close()
  },
)

await t.test('segments may have another size from one start to the next', async (t) => {
  const disk = new MemoryDisk()
  let last = 0
  for (const segmentSize of [8192, 4096, 16_384]) {
    const storage = await openOn(disk, { limits: { ...tiny, segmentSize, tailEntriesMax: 1000 } })
    t.equal(storage.log.lastIndex(), last)
    for (let round = 0; round < 10; round++, last += 20)
      await storage.log.append({ entries: entriesOf(last + 1, 20, 1, 100) })
    await storage.close()
  }
  const storage = await openOn(disk)
  t.same(allEntries(storage), entriesOf(1, last, 1, 100).map(asWritten))
  await storage.close()

  /** Each append began with an entry of its own first size. */
  function asWritten(entry: Entry): Entry {
    return entriesOf(entry.index - ((entry.index - 1) % 20), 20, 1, 100)[(entry.index - 1) % 20]!
  }
})

await t.test('a disk of 1 MB fills up: all that was acknowledged is there when it has room', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tranca-small-disk-'))
  const data = join(folder, 'data')
  mkdirSync(data)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', data], { stdio: 'ignore' })
  } catch {
    rmdirSync(data)
    rmdirSync(folder)
    t.comment('skipped: this user cannot mount a disk')
    return
  }
  t.teardown(() => {
    execFileSync('umount', ['--lazy', data])
    rmdirSync(data)
    rmdirSync(folder)
  })
  const options = {
    directory: data,
    clusterId: 'erp',
    nodeId: '1',
    initial: { index: 0, term: 0, confState },
    limits: { segmentSize: 64 * 1024, freeSpaceMin: 0 },
  }
  await t.rejects(openNodeStorage({ ...options, limits: {} }), {
    code: 'DISK_FULL',
    message: /needs 67108864 bytes on its disk/,
  })
  const storage = await openNodeStorage(options)
  const acknowledged: Entry[] = []
  let refused: unknown
  while (refused === undefined) {
    const entries = entriesOf(acknowledged.length + 1, 10, 1, 300)
    await storage.log.append({ entries }).then(
      () => acknowledged.push(...entries),
      (error: unknown) => {
        refused = error
      },
    )
  }
  t.match(refused, { code: 'DISK_FULL' })
  t.ok(acknowledged.length > 1000, `${acknowledged.length} entries`)
  await storage.log.append({ hardState: hard(3, 2, acknowledged.length) })
  await storage.close()
  execFileSync('mount', ['-o', 'remount,size=4m', data])
  const again = await openNodeStorage(options)
  t.same(allEntries(again), acknowledged)
  t.same(again.log.hardState, hard(3, 2, acknowledged.length))
  await again.log.append({ entries: entriesOf(acknowledged.length + 1, 10, 3, 300) })
  await again.close()
})
