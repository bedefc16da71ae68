import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import t from 'tap'
import { ChunkReader } from '../src/snapshot/stream.ts'

function chunk(number: number, body: Buffer): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(8), body])
  bytes.writeUInt32BE(number, 4)
  bytes.writeUInt32BE(crc32(bytes.subarray(4)), 0)
  return bytes
}

await t.test('a row that claims too much is refused before its bytes are gathered', async (t) => {
  const reader = new ChunkReader(1_000)
  const head = Buffer.alloc(100)
  head.writeUInt32BE(10, 0)
  head.writeUInt32BE(4_000_000_000, 4)
  t.throws(() => reader.rows(chunk(0, head)), {
    code: 'SNAPSHOT_DAMAGED',
    message: /a row of 4000000018 bytes/,
  })

  const slow = new ChunkReader(1_000)
  t.same(slow.rows(chunk(0, head.subarray(0, 7))), [], 'the length is not there yet')
  t.throws(() => slow.rows(chunk(1, head.subarray(7))), { code: 'SNAPSHOT_DAMAGED' })
})
