import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { eventList } from '../src/frames/events.ts'
import {
  agreeVersion,
  decodeRequest,
  decodeServerFrame,
  encodeEvent,
  encodeOk,
  encodePing,
  encodePong,
  encodeRefused,
  encodeRequest,
  FrameReader,
  limits,
  operations,
  type ServerEventInput,
  Writer,
} from '../src/index.ts'
import { Reader } from '../src/wire/reader.ts'
import { writeValue } from '../src/wire/value.ts'
import { fieldsArbitrary, runs } from './kit/arbitraries.ts'

function bodyOf(write: (writer: Writer) => void): Buffer {
  const writer = new Writer()
  write(writer)
  return writer.take().subarray(limits.frameHeaderSize)
}

t.test('events come back as they were written', async () => {
  for (const one of eventList) {
    fc.assert(
      fc.property(fieldsArbitrary(one.row.fields), (fields) => {
        const event = { event: one.name, ...fields } as ServerEventInput
        assert.deepEqual(
          decodeServerFrame(
            bodyOf((writer) => encodeEvent(writer, event)),
            () => undefined,
          ),
          { kind: 'event', event },
        )
      }),
      runs(40),
    )
  }
})

t.test('pings and pongs are read by both ends', async (t) => {
  for (const [kind, encode] of [
    ['ping', encodePing],
    ['pong', encodePong],
  ] as const) {
    const body = bodyOf((writer) => encode(writer, 12))
    t.strictSame(decodeRequest(body), { kind, nonce: 12 })
    t.strictSame(
      decodeServerFrame(body, () => undefined),
      { kind, nonce: 12 },
    )
  }
})

t.test('a refusal carries any plain detail', async () => {
  const plain = fc.jsonValue({ maxDepth: 6 }).filter((value) => !JSON.stringify(value).includes('__proto__'))
  fc.assert(
    fc.property(plain, (extra) => {
      const body = bodyOf((writer) => encodeRefused(writer, 5, 'held', { name: 'a', extra }))
      const frame = decodeServerFrame(body, () => undefined)
      assert.deepEqual(
        JSON.stringify(frame),
        JSON.stringify({ kind: 'refused', id: 5, cause: 'held', detail: { name: 'a', extra } }),
      )
    }),
    runs(200),
  )
})

t.test('an undefined property of a detail is left out', async (t) => {
  const body = bodyOf((writer) => encodeRefused(writer, 5, 'notLeader', { leader: undefined }))
  t.strictSame(
    decodeServerFrame(body, () => undefined),
    { kind: 'refused', id: 5, cause: 'notLeader', detail: {} },
  )
})

t.test('an answer that nobody waits for is an orphan, a frame of a newer node unknown', async (t) => {
  const body = bodyOf((writer) => encodeOk(writer, 'lock.release', 9, { counts: [0] }))
  t.strictSame(
    decodeServerFrame(body, () => undefined),
    { kind: 'orphan', id: 9 },
  )
  t.strictSame(
    decodeServerFrame(Uint8Array.of(0x92, 14, 1), () => undefined),
    { kind: 'unknown' },
  )
  t.strictSame(
    decodeServerFrame(Uint8Array.of(0x92, 3, 99), () => undefined),
    { kind: 'unknown' },
  )
})

t.test('an answer that is larger than a frame becomes a refusal, and frames before it stay', async (t) => {
  const writer = new Writer()
  encodePong(writer, 1)
  const gap = {
    name: 'n',
    scope: { company: '', branch: '', period: '' },
    from: '1',
    to: '2',
    count: 2,
    kind: 'jump' as const,
    reason: 'x'.repeat(500),
    session: 1,
    client: 'c',
    owner: 'o',
    wallMs: 1,
  }
  encodeOk(writer, 'sequence.gaps', 2, { gaps: new Array(4_000).fill(gap) })
  const frames = new FrameReader()
  frames.feed(writer.take())
  t.match(
    decodeServerFrame(frames.next()!, () => undefined),
    { kind: 'pong' },
  )
  t.match(
    decodeServerFrame(frames.next()!, () => operations['sequence.gaps']),
    { kind: 'refused', id: 2, cause: 'answerTooLarge', detail: { max: limits.frameSizeMax } },
  )
  t.equal(frames.next(), undefined)
})

t.test('a detail that is larger than a frame is left out', async (t) => {
  const body = bodyOf((writer) => encodeRefused(writer, 2, 'held', { text: 'x'.repeat(limits.frameSizeMax) }))
  t.strictSame(
    decodeServerFrame(body, () => undefined),
    { kind: 'refused', id: 2, cause: 'held', detail: {} },
  )
})

t.test('a request that is larger than a frame throws and leaves nothing', async (t) => {
  const writer = new Writer()
  const acks = Array.from({ length: 300_000 }, () => 4_294_967_296)
  t.throws(() => encodeRequest(writer, 'status', 1, acks, {}), { code: 'FRAME_TOO_LARGE' })
  t.equal(writer.size, 0)
})

t.test('bytes that were taken from a writer never change', async () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3_000), fc.boolean()), { maxLength: 60 }), (steps) => {
      const writer = new Writer()
      const taken: { bytes: Buffer; copy: string }[] = []
      const expected: string[] = []
      let pending = ''
      for (const [size, take] of steps) {
        const name = 'n'.repeat((size % 500) + 1)
        encodeRequest(writer, 'semaphore.delete', size, [], { name })
        pending += name
        if (!take) continue
        const bytes = writer.take()
        taken.push({ bytes, copy: bytes.toString('hex') })
        expected.push(pending)
        pending = ''
      }
      for (const { bytes, copy } of taken) assert.equal(bytes.toString('hex'), copy)
      const names = taken.map(({ bytes }) => {
        const frames = new FrameReader()
        frames.feed(bytes)
        let text = ''
        for (let body = frames.next(); body !== undefined; body = frames.next()) {
          const request = decodeRequest(body)
          if (request.kind === 'command' && request.operation.op === 'semaphore.delete')
            text += request.operation.name
        }
        return text
      })
      assert.deepEqual(names, expected)
    }),
    runs(100),
  )
})

t.test('frames come out whole for any cut of the stream', async () => {
  const body = fc.uint8Array({ maxLength: 300 })
  const bodies = fc.array(fc.oneof(body, fc.uint8Array({ minLength: 5_000, maxLength: 9_000 })), {
    maxLength: 12,
  })
  fc.assert(
    fc.property(
      bodies,
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 }),
      (bodies, cuts) => {
        const stream = Buffer.concat(
          bodies.map((bytes) => {
            const head = Buffer.alloc(4)
            head.writeUInt32BE(bytes.length)
            return Buffer.concat([head, bytes])
          }),
        )
        const frames = new FrameReader()
        const seen: string[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = cuts[i % cuts.length]!
          frames.feed(stream.subarray(at, at + size))
          at += size
          for (let one = frames.next(); one !== undefined; one = frames.next()) seen.push(one.toString('hex'))
        }
        assert.deepEqual(
          seen,
          bodies.map((bytes) => Buffer.from(bytes).toString('hex')),
        )
        assert.equal(frames.pendingSize, 0)
      },
    ),
    runs(200),
  )
})

t.test('every single cut of a short stream gives the same frames', async (t) => {
  const writer = new Writer()
  encodePing(writer, 1)
  encodeRequest(writer, 'owner.release', 2, [1], { owner: 'u1' })
  encodePing(writer, 3)
  const stream = Buffer.from(writer.take())
  for (let cut = 0; cut <= stream.length; cut++) {
    const frames = new FrameReader()
    const kinds: string[] = []
    for (const chunk of [stream.subarray(0, cut), stream.subarray(cut)]) {
      frames.feed(chunk)
      for (let body = frames.next(); body !== undefined; body = frames.next())
        kinds.push(decodeRequest(body).kind)
    }
    t.strictSame(kinds, ['ping', 'command', 'ping'], `cut at ${cut}`)
  }
  const one = new FrameReader()
  one.feed(stream.subarray(0, 8))
  one.feed(stream.subarray(8))
  t.equal(decodeRequest(one.next()!).kind, 'ping', 'chunks fed without reading in between are not lost')
  t.equal(decodeRequest(one.next()!).kind, 'command')
})

t.test('an oversize frame is refused by its length alone', async (t) => {
  const frames = new FrameReader()
  const head = Buffer.alloc(4)
  head.writeUInt32BE(limits.frameSizeMax + 1)
  frames.feed(head.subarray(0, 2))
  t.equal(frames.next(), undefined)
  frames.feed(head.subarray(2))
  t.throws(() => frames.next(), { code: 'FRAME_TOO_LARGE' })
  t.throws(() => frames.next(), { code: 'FRAME_READER_DEAD' })
  t.equal(frames.pendingSize, 0)
})

t.test('a claimed length allocates nothing: memory follows the bytes that came', async (t) => {
  const frames = new FrameReader()
  const head = Buffer.alloc(4)
  head.writeUInt32BE(limits.frameSizeMax)
  frames.feed(head)
  t.equal(frames.next(), undefined)
  t.equal(frames.pendingSize, 4)
})

t.test('free-form values are bounded in depth and refuse what is not plain', async (t) => {
  const writer = new Writer()
  let deep: unknown = 1
  for (let i = 0; i < limits.depthMax + 1; i++) deep = [deep]
  t.throws(() => encodeRefused(writer, 1, 'held', { deep }), { code: 'INVALID_VALUE' })
  t.throws(() => encodeRefused(writer, 1, 'held', { big: 1n }), { code: 'INVALID_VALUE' })
  t.equal(writer.size, 0)
  const proto = new Writer()
  writeValue(proto, [2, 5, 'held', JSON.parse('{"__proto__": {"polluted": true}}')])
  t.match(
    decodeServerFrame(proto.take(), () => undefined),
    { kind: 'unreadable', id: 5 },
  )
  t.notOk('polluted' in {})
})

t.test('two ends agree on the newest version that both speak, or on none', async (t) => {
  t.equal(agreeVersion({ min: 1, max: 1 }), 1)
  t.equal(agreeVersion({ min: 1, max: 9 }), 1)
  t.equal(agreeVersion({ min: 2, max: 9 }), undefined)
})

t.test('a reader passes over any value without recursion', async (t) => {
  const bomb = Buffer.alloc(400_000, 0x91)
  bomb[bomb.length - 1] = 0xc0
  const reader = new Reader(bomb)
  reader.skip()
  t.equal(reader.pos, bomb.length)
})
