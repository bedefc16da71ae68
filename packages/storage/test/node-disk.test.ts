import t from 'tap'
import { StorageError } from '../src/errors.ts'
import { nodeDisk } from '../src/node-disk.ts'

t.test('a write has ended when it resolves, on a thread or in the process', async (t) => {
  const disk = nodeDisk(t.testdir())
  await disk.preallocate('log', 256 * 1024)
  const file = await disk.open('log', { durable: true })
  const long = Buffer.alloc(100_000, 3)
  await file.write(Buffer.from('thread'), 0)
  await file.write(Buffer.from('process'), 100, true)
  await file.write(long, 1_000, true)
  const bytes = await disk.read('log')
  t.equal(bytes.toString('utf8', 0, 6), 'thread')
  t.equal(bytes.toString('utf8', 100, 107), 'process')
  t.ok(bytes.subarray(1_000, 101_000).equals(long), 'too large to hold up the process')
  t.equal(bytes[101_000], 0)
  await file.close()
})

t.test('a write that fails rejects, and throws nothing', async (t) => {
  const disk = nodeDisk(t.testdir())
  await disk.preallocate('log', 4_096)
  const file = await disk.open('log', { durable: true })
  await file.close()
  for (const mayBlock of [false, true]) {
    const failed = file.write(Buffer.from('late'), 0, mayBlock)
    await t.rejects(failed, StorageError)
  }
})
