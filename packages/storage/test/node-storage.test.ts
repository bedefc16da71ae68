import { Buffer } from 'node:buffer'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { diskStores } from '../src/disk-stores.ts'
import { StorageError, StorageRefusal } from '../src/errors.ts'
import { MemoryDisk } from '../src/memory-disk.ts'
import { openNodeStorage } from '../src/open-node-storage.ts'
import { resetForRejoin } from '../src/rejoin.ts'
import type { LedgerMeta } from '../src/types.ts'
import { confState, directory, entriesOf, hard, openOn, powerCycle, tiny, withFolder } from './kit.ts'
import { live, makeLeader, Witness } from './scenario.ts'

await t.test('the directory of another cluster or node is refused, and nothing is changed', async (t) => {
  const disk = new MemoryDisk()
  await (await openOn(disk)).close()
  const before = disk.mutations
  await t.rejects(openOn(disk, { clusterId: 'other' }), {
    code: 'WRONG_CLUSTER',
    message: /belongs to cluster erp, not to other/,
  })
  await t.rejects(openOn(disk, { nodeId: '2' }), { code: 'WRONG_NODE' })
  t.equal(disk.mutations, before)
})

await t.test('a format that is not known is refused', async (t) => {
  const disk = new MemoryDisk()
  await (await openOn(disk)).close()
  const { crc32 } = await import('node:zlib')
  const bytes = disk.files().get(`${directory}/superblock`)!
  const length = bytes.readUInt32BE(18)
  for (const at of [0, 8192]) {
    bytes.writeUInt32BE(99, at + 8)
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 8, at + 22 + length)), at + 4)
  }
  disk.plant(`${directory}/superblock`, bytes)
  await t.rejects(openOn(disk), { code: 'UNKNOWN_VERSION', message: /format 99/ })
})

await t.test('a missing superblock is refused when there is anything to lose', async (t) => {
  const disk = new MemoryDisk()
  const storage = await openOn(disk)
  await storage.log.append({ hardState: hard(1, 1, 0) })
  await storage.close()
  disk.plant(`${directory}/superblock`, undefined)
  await t.rejects(openOn(disk), { code: 'SUPERBLOCK_DAMAGED', message: /missing/ })
})

await t.test('a second opening is locked out, in the process and from another one', async (t) => {
  const disk = new MemoryDisk()
  const storage = await openOn(disk)
  await t.rejects(openOn(disk), { code: 'LOCKED' })
  await storage.log.append({ entries: entriesOf(1, 1, 1) })
  await storage.close()
  await (await openOn(disk)).close()

  await withFolder(async (folder) => {
    const options = { directory: join(folder, 'n1'), clusterId: 'erp', nodeId: '1', limits: tiny }
    const first = await openNodeStorage(options)
    const index = pathToFileURL(join(import.meta.dirname, '../src/index.js')).href
    const script = `
      const { openNodeStorage } = await import(${JSON.stringify(index)})
      await openNodeStorage(${JSON.stringify(options)}).then(() => console.log('opened'), (e) => console.log(e.code))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script])
    let said = ''
    child.stdout.on('data', (data) => (said += data))
    await once(child, 'close')
    t.equal(said.trim(), 'LOCKED')
    t.equal(first.starts, 1)
    await first.log.append({ entries: entriesOf(1, 1, 1) })
    await first.close()
    const again = await openNodeStorage(options)
    t.same([again.starts, again.log.lastIndex()], [2, 1])
    await again.close()
  })
})

await t.test('a failed sync stops the log, and it is never tried again', async (t) => {
  const disk = new MemoryDisk()
  const storage = await openOn(disk)
  await storage.log.append({ entries: entriesOf(1, 2, 1) })
  let tried = 0
  disk.before = (call) => {
    if (call.operation !== 'write' || !call.path.includes('/log/')) return
    tried++
    throw new StorageError('IO', 'the disk is tired')
  }
  const first = storage.log.append({ entries: entriesOf(3, 1, 1) })
  const second = storage.log.append({ entries: entriesOf(4, 1, 1) })
  await t.rejects(first, { code: 'LOG_FAILED', message: /tired/ })
  await t.rejects(second, { code: 'LOG_FAILED' })
  disk.before = undefined
  await t.rejects(storage.log.append({ hardState: hard(1, 1, 1) }), { code: 'LOG_FAILED' })
  await t.rejects(storage.log.whenDurable(4), { code: 'LOG_FAILED' })
  t.same([tried, storage.status, storage.log.lastDurableIndex], [1, 'failed', 2])
  t.equal(storage.failure?.code, 'LOG_FAILED')
  await storage.close()
  const again = await openOn(disk)
  t.equal(again.log.lastIndex(), 2)
  t.equal(again.superblock.clean, false)
  await again.close()
})

await t.test('a checkpoint that cannot be written fails the storage', async (t) => {
  const disk = new MemoryDisk()
  const storage = await openOn(disk)
  await storage.log.append({ entries: entriesOf(1, 2, 1) })
  disk.before = (call) => {
    if (call.operation === 'sync') throw new StorageError('IO', 'no')
  }
  await t.rejects(storage.checkpoint([{ key: 'a', value: 1 }], { index: 2, term: 1, confState }), {
    code: 'LEDGER_FAILED',
  })
  disk.before = undefined
  await t.rejects(storage.checkpoint([], { index: 2, term: 1, confState }), { code: 'LEDGER_FAILED' })
  t.equal(storage.status, 'failed')
  await storage.close()
})

await t.test(
  'on a full disk entries are refused, hard states go on, and a restart with room recovers',
  async (t) => {
    const disk = new MemoryDisk()
    const storage = await openOn(disk)
    disk.capacity = 0
    let last = 0
    let refused: unknown
    for (let i = 1; i < 100 && refused === undefined; i++) {
      await storage.log.append({ entries: entriesOf(i, 1, 1, 100) }).then(
        () => {
          last = i
        },
        (error: unknown) => {
          refused = error
        },
      )
    }
    t.match(refused, { code: 'DISK_FULL' })
    t.equal(storage.status, 'full')
    t.equal(storage.log.lastIndex(), last, 'the refused entry left no trace')
    await storage.log.append({ hardState: hard(7, 3, last) })
    t.equal(storage.status, 'full')
    await storage.close()
    disk.capacity = Number.POSITIVE_INFINITY
    const again = await openOn(disk)
    t.same([again.log.lastIndex(), again.log.hardState], [last, hard(7, 3, last)])
    await again.log.append({ entries: entriesOf(last + 1, 20, 7, 100) })
    t.equal(again.status, 'open')
    await again.close()
  },
)

await t.test('a checkpoint waits until the log is durable up to it', async (t) => {
  const held: (() => void)[] = []
  let hold = false
  const disk = new MemoryDisk({
    schedule: (call, finish) => {
      if (hold && call.operation === 'write' && call.path.includes('/log/')) held.push(finish)
      else queueMicrotask(finish)
    },
  })
  const storage = await openOn(disk)
  hold = true
  const append = storage.log.append({ entries: entriesOf(1, 3, 1) })
  let written = false
  const checkpoint = storage
    .checkpoint([{ key: 'a', value: 1 }], { index: 3, term: 1, confState })
    .then(() => {
      written = true
    })
  for (let i = 0; i < 5; i++) await new Promise((done) => setImmediate(done))
  t.same([written, held.length, storage.meta.index], [false, 1, 0])
  hold = false
  held[0]!()
  await Promise.all([append, checkpoint])
  t.same([written, storage.meta.index], [true, 3])
  await storage.close()
})

await t.test('the digest depends on the rows alone, and is known before anything is written', async (t) => {
  const one = await openOn(new MemoryDisk())
  const two = await openOn(new MemoryDisk(), { nodeId: '2' })
  for (const storage of [one, two]) await storage.log.append({ entries: entriesOf(1, 9, 1) })
  await one.checkpoint(
    [
      { key: 'a', value: { n: 1 } },
      { key: 'b', value: 2 },
    ],
    { index: 3, term: 1, confState },
  )
  await one.checkpoint(
    [
      { key: 'c', value: 'x' },
      { key: 'b', value: undefined },
    ],
    { index: 9, term: 1, confState },
  )
  const prepared = await two.prepareCheckpoint(
    [
      { key: 'c', value: 'x' },
      { key: 'a', value: { n: 1 } },
    ],
    { index: 9, term: 1, confState },
  )
  t.equal(prepared.digest, one.meta.digest)
  t.equal(two.meta.index, 0)
  // A prepared checkpoint that is never written goes into the next.
  const next = await two.prepareCheckpoint([{ key: 'd', value: 0 }], { index: 9, term: 1, confState })
  t.not(next.digest, prepared.digest)
  await next.write()
  await two.close()
  const rows: string[] = []
  await one.close()
  t.equal(one.status, 'closed')
  t.same(rows, [])
})

await t.test('a snapshot arrives whole on another node, damaged chunks do not', async (t) => {
  const leader = await makeLeader()
  const disk = new MemoryDisk()
  const follower = await openOn(disk)
  await live(follower, new Witness())
  const outgoing = await leader.openSnapshot()
  const chunks: Buffer[] = []
  for await (const chunk of outgoing.chunks()) chunks.push(chunk)
  await outgoing.close()
  t.ok(chunks.length > 5 && chunks.every((chunk) => chunk.length <= 64))

  const bent = chunks.map((chunk) => Buffer.from(chunk))
  bent[2]![20] = bent[2]![20]! ^ 1
  const spoiled: [string, Buffer[]][] = [
    ['bent', bent],
    ['short', chunks.slice(0, -1)],
    ['disordered', [chunks[1]!, chunks[0]!, ...chunks.slice(2)]],
    ['doubled', [chunks[0]!, chunks[0]!, ...chunks.slice(1)]],
  ]
  for (const [what, stream] of spoiled) {
    const incoming = await follower.receiveSnapshot(outgoing.meta)
    const attempt = (async () => {
      for (const chunk of stream) await incoming.write(chunk)
      await incoming.finish()
    })()
    await t.rejects(attempt, { code: 'SNAPSHOT_DAMAGED' }, what)
    await incoming.abort()
    t.equal(follower.log.lastIndex(), 33, what)
  }
  const wrong: LedgerMeta = { ...outgoing.meta, digest: '0'.repeat(32) }
  const doubted = await follower.receiveSnapshot(wrong)
  await t.rejects(follower.receiveSnapshot(wrong), { code: 'SNAPSHOT_IN_PROGRESS' })
  for (const chunk of chunks) await doubted.write(chunk)
  await t.rejects(doubted.finish(), { code: 'SNAPSHOT_DAMAGED' })

  const incoming = await follower.receiveSnapshot(outgoing.meta)
  for (const chunk of chunks) await incoming.write(chunk)
  const { rows } = await incoming.finish({ hardState: hard(4, 2, 55) })
  t.equal(rows.length, 20)
  t.same([follower.log.firstIndex(), follower.log.lastIndex(), follower.log.term(55)], [56, 55, 4])
  t.equal(follower.meta.digest, leader.meta.digest)
  await follower.log.append({ entries: entriesOf(56, 2, 4) })
  await follower.close()
  const again = await openOn(disk)
  t.same([again.log.firstIndex(), again.log.lastIndex(), again.rows.length], [56, 57, 20])
  t.same(again.log.hardState, hard(4, 2, 55))
  t.notOk(
    [...disk.files().keys()].some((path) => path.includes('ledger-1/')),
    'the old ledger is gone',
  )
  await again.close()
  await leader.close()
})

await t.test('a snapshot through LevelDB while work goes on shows one moment', async (t) => {
  await withFolder(async (folder) => {
    const open = (name: string) =>
      openNodeStorage({
        directory: join(folder, name),
        clusterId: 'erp',
        nodeId: name,
        limits: { segmentSize: 65536 },
      })
    const one = await open('1')
    const two = await open('2')
    await one.log.append({ entries: entriesOf(1, 10, 1) })
    const changes = Array.from({ length: 3000 }, (_, i) => ({
      key: `k/${i}`,
      value: { i, text: 'x'.repeat(200) },
    }))
    await one.checkpoint(changes, { index: 5, term: 1, confState })
    const outgoing = await one.openSnapshot()
    await one.checkpoint([{ key: 'k/1', value: undefined }], { index: 10, term: 1, confState })
    const incoming = await two.receiveSnapshot(outgoing.meta)
    let bytes = 0
    for await (const chunk of outgoing.chunks()) {
      bytes += chunk.length
      await incoming.write(chunk)
    }
    await outgoing.close()
    const { meta, rows } = await incoming.finish()
    t.ok(bytes > 600_000)
    t.same([meta.index, rows.length, two.log.lastIndex()], [5, 3000, 5])
    t.equal(one.meta.rows, 2999)
    await one.close()
    await two.close()
    const again = await open('2')
    t.same([again.meta.index, again.rows.length, again.meta.confState], [5, 3000, confState])
    await again.close()
  })
})

await t.test('a damaged directory is set aside, and the node begins again without a vote', async (t) => {
  const disk = new MemoryDisk()
  const storage = await openOn(disk)
  await live(storage, new Witness())
  await t.rejects(
    resetForRejoin({
      directory,
      clusterId: 'erp',
      nodeId: '1',
      disk,
      stores: diskStores(disk),
      limits: tiny,
    }),
    { code: 'LOCKED' },
  )
  await storage.close()
  const [path, bytes] = [...disk.files()].find(([name]) => name.includes('/log/') && name.endsWith('.seg'))!
  bytes[600] = bytes[600]! ^ 1
  disk.plant(path, bytes)
  const refusal = await openOn(disk).then(
    () => undefined,
    (error: unknown) => error,
  )
  t.ok(refusal instanceof StorageRefusal && refusal.place.file === path && refusal.message.includes('rejoin'))

  const calls: number[] = []
  const reset = (target: MemoryDisk) =>
    resetForRejoin({
      directory,
      clusterId: 'erp',
      nodeId: '1',
      disk: target,
      stores: diskStores(target),
      limits: tiny,
      startsAtLeast: 5,
    })
  const dry = disk.clone()
  await reset(dry)
  // A crash at any call: the damaged one or the new one, never a fresh node that believes it may vote.
  for (let call = 1; call <= dry.mutations; call++) {
    const copy = disk.clone()
    copy.crashAt = copy.mutations + call
    await reset(copy).catch(() => {})
    powerCycle(copy)
    const seen = await openOn(copy).then(
      (s) => (s.rejoining && s.starts === 6 ? 'new' : 'wrong'),
      (error: StorageError) => (error.code === 'LOG_DAMAGED' ? 'old' : `${error.code}: ${error.message}`),
    )
    if (seen !== 'new' && seen !== 'old') t.fail(`call ${call}: ${seen}`)
    calls.push(call)
  }
  t.ok(calls.length > 8)

  const { setAside, starts } = await reset(disk)
  t.same([setAside, starts], [`${directory}.damaged-1`, 5])
  const again = await openOn(disk)
  t.same([again.rejoining, again.starts, again.log.lastIndex()], [true, 6, 0])
  await again.setRejoining(false)
  await again.rememberPeer('2', { starts: 3, lastIndex: 17 })
  await again.close()
  const last = await openOn(disk)
  t.same([last.rejoining, last.peers['2']], [false, { starts: 3, lastIndex: 17 }])
  await last.close()
  t.ok([...disk.files().keys()].some((name) => name.startsWith(`${directory}.damaged-1/log/`)))
})

await t.test('one damaged copy of the superblock costs nothing, and the next start mends it', async (t) => {
  const disk = new MemoryDisk()
  await (await openOn(disk)).close()
  for (const at of [100, 8192 + 100]) {
    const path = `${directory}/superblock`
    const bytes = disk.files().get(path)!
    bytes[at] = bytes[at]! ^ 0xff
    disk.plant(path, bytes)
    const before = disk.files().get(path)!
    const storage = await openOn(disk)
    t.match(storage.recovered.notes, [/superblock, offset \d+: the copy does not match its checksum; mended/])
    await storage.close()
    t.notSame(disk.files().get(path), before)
  }
  const storage = await openOn(disk)
  t.same([storage.starts, storage.recovered.notes], [4, []])
  await storage.close()
})

await t.test(
  'peers beyond the limit, or too large for the superblock, are refused without harm',
  async (t) => {
    const disk = new MemoryDisk()
    const storage = await openOn(disk)
    const long = 'x'.repeat(200)
    let refused = 0
    for (let i = 0; i < 70; i++) {
      await storage.rememberPeer(`${i}${long}`, { starts: i, lastIndex: i }).catch((error: StorageError) => {
        t.equal(error.code, 'LIMIT')
        refused++
      })
    }
    t.ok(refused > 5)
    t.equal(storage.status, 'open')
    await storage.forgetPeer(`0${long}`)
    await storage.rememberPeer('9', { starts: 1, lastIndex: 2 })
    const count = Object.keys(storage.peers).length
    await storage.close()
    const again = await openOn(disk)
    t.equal(Object.keys(again.peers).length, count)
    t.same(again.peers['9'], { starts: 1, lastIndex: 2 })
    await again.close()
  },
)

await t.test('closing in the middle of a snapshot lets go of everything', async (t) => {
  await withFolder(async (folder) => {
    const open = () =>
      openNodeStorage({ directory: join(folder, 'n1'), clusterId: 'erp', nodeId: '1', limits: tiny })
    const storage = await open()
    const outgoing = await storage.openSnapshot()
    await storage.receiveSnapshot(outgoing.meta)
    await storage.close()
    await storage.close()
    const again = await open()
    t.equal(again.starts, 2)
    await again.close()
  })
})

await t.test('a commit index that a crash kept without its entries is brought down to them', async (t) => {
  const disk = new MemoryDisk()
  const storage = await openOn(disk)
  let writes = 0
  disk.before = (call) => {
    if (call.operation === 'write' && call.path.includes('/log/') && ++writes > 1)
      throw new StorageError('IO', 'no')
  }
  // Larger than one write: the hard state goes with the first piece.
  await t.rejects(storage.log.append({ hardState: hard(1, 1, 30), entries: entriesOf(1, 30, 1, 300) }), {
    code: 'LOG_FAILED',
  })
  disk.before = undefined
  await storage.close()
  const again = await openOn(disk)
  const { commit } = again.log.hardState
  t.ok(again.log.lastIndex() < 30 && commit === again.log.lastIndex(), `commit ${commit}`)
  await again.close()
})
