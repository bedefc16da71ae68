import { Buffer } from 'node:buffer'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { MemoryDisk } from '../src/memory-disk.ts'
import { openNodeStorage } from '../src/open-node-storage.ts'
import type { Entry } from '../src/types.ts'
import { readFrame } from '../src/wal/frame-reader.ts'
import type { WalPiece } from '../src/wal/frame-writer.ts'
import { FrameWriter } from '../src/wal/frame-writer.ts'
import { confState, openOn, tiny } from './kit.ts'
import { logConformance } from './log-conformance.ts'

const seed = process.env.TRANCA_SEED === undefined ? {} : { seed: Number(process.env.TRANCA_SEED) }

await t.test('a log in memory', (t) =>
  logConformance(t, async () => {
    const disk = new MemoryDisk()
    return { open: (options) => openOn(disk, options) }
  }),
)

await t.test('a log on the real disk', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tranca-log-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  let number = 0
  await logConformance(t, async () => {
    const directory = join(folder, `n${++number}`)
    return {
      open: (options) =>
        openNodeStorage({
          directory,
          clusterId: 'erp',
          nodeId: '1',
          limits: tiny,
          initial: { index: 0, term: 0, confState },
          ...options,
        }),
    }
  })
})

const entry = fc.record({
  term: fc.integer({ min: 1, max: 2 ** 40 }),
  type: fc.constantFrom('normal' as const, 'confChange' as const, 'confChangeV2' as const),
  // Zeros on purpose: a sector full of them must not look as if it had not been written.
  data: fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.integer({ min: 0, max: 1700 }).map((size) => new Uint8Array(size)),
  ),
})
const piece = fc.record({
  mark: fc.option(fc.record({ index: fc.nat(), term: fc.nat() }), { nil: undefined }),
  hardState: fc.option(fc.record({ term: fc.nat(), vote: fc.nat(), commit: fc.nat() }), { nil: undefined }),
  first: fc.integer({ min: 1, max: 2 ** 40 }),
  prevTerm: fc.nat(),
  entries: fc.array(entry, { maxLength: 6 }),
})
const frame = fc.record({
  offset: fc.integer({ min: 516, max: 1600 }),
  pieces: fc.array(piece, { minLength: 1, maxLength: 4 }),
})
type RawFrame = typeof frame extends fc.Arbitrary<infer T> ? T : never
const place = { record: 7, segment: 3, chain: 0x12345678 }

function piecesOf(raw: RawFrame): WalPiece[] {
  return raw.pieces.map((p) => ({
    mark: p.mark,
    hardState: p.hardState,
    prevTerm: p.prevTerm,
    entries: p.entries.map((e, i): Entry => ({ ...e, index: p.first + i })),
  }))
}

function lay(raw: RawFrame) {
  const encoded = new FrameWriter().encode(piecesOf(raw), raw.offset, place)
  const segment = Buffer.alloc(64 * 1024)
  encoded.bytes.copy(segment, encoded.position)
  return { segment, ...encoded }
}

await t.test('a frame reads back as it was written, wherever it lies', async (t) => {
  fc.assert(
    fc.property(frame, (raw) => {
      const { segment, end, chain } = lay(raw)
      const found = readFrame(segment, raw.offset, place)
      if (found.kind !== 'frame' || found.end !== end || found.chain !== chain) return false
      const shown = (e: Entry) => `${e.index}/${e.term}/${e.type}/${Buffer.from(e.data).toString('hex')}`
      const entries = found.items.flatMap((item) => (item.kind === 'entries' ? item.entries : []))
      const wanted = piecesOf(raw).flatMap((p) => p.entries)
      return entries.map(shown).join() === wanted.map(shown).join()
    }),
    { numRuns: 300, ...seed },
  )
  t.pass('300 frames')
})

await t.test('a write of which any sectors are missing is torn, never damaged and never whole', async (t) => {
  fc.assert(
    fc.property(frame, fc.infiniteStream(fc.boolean()), (raw, keep) => {
      const { segment, position, end } = lay(raw)
      let missing = 0
      for (let at = position; at < end; ) {
        const next = Math.min(end, (Math.floor(at / 512) + 1) * 512)
        if (!keep.next().value) {
          segment.fill(0, at, next)
          missing++
        }
        at = next
      }
      const found = readFrame(segment, raw.offset, place)
      return missing === 0 ? found.kind === 'frame' : found.kind === 'torn' || found.kind === 'end'
    }),
    { numRuns: 500, ...seed },
  )
  t.pass('500 frames')
})

await t.test('a whole write with one byte changed is damaged, never torn and never the end', async (t) => {
  fc.assert(
    fc.property(frame, fc.nat(), fc.integer({ min: 1, max: 255 }), (raw, where, change) => {
      const { segment, bytes, position, end } = lay(raw)
      const at = position + (where % bytes.length)
      segment[at] = segment[at]! ^ change
      const found = readFrame(segment, raw.offset, place)
      // The marker before a frame's header is not part of any record.
      const outside = at % 512 < 4 && at < position + 4
      return found.kind === 'damaged' || (outside && found.kind === 'frame' && found.end === end)
    }),
    { numRuns: 1000, ...seed },
  )
  t.pass('1000 frames')
})
