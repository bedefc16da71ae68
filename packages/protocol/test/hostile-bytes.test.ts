import fc from 'fast-check'
import t from 'tap'
import { eventList } from '../src/frames/events.ts'
import {
  decodeRequest,
  decodeServerFrame,
  encodeEvent,
  encodeOk,
  encodeRefused,
  encodeRequest,
  limits,
  operationList,
  type ServerEventInput,
  Writer,
} from '../src/index.ts'
import type { Operation } from '../src/operation.ts'
import { fieldsArbitrary, runs } from './kit/arbitraries.ts'

const all = operationList as readonly Operation[]
/** A frame of the largest size must be read or refused within this; ordinary ones take microseconds. */
const worstMs = 1_500

type Mutation = { at: number; how: 'flip' | 'cut' | 'insert' | 'overwrite'; byte: number; count: number }

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(100_000),
  how: fc.constantFrom('flip', 'cut', 'insert', 'overwrite'),
  byte: fc.oneof(
    fc.nat(255),
    fc.constantFrom(
      0x80,
      0x90,
      0xa0,
      0xc0,
      0xc1,
      0xc4,
      0xc6,
      0xc7,
      0xca,
      0xcb,
      0xcf,
      0xd3,
      0xd9,
      0xdb,
      0xdd,
      0xdf,
      0xff,
    ),
  ),
  count: fc.integer({ min: 1, max: 9 }),
})

function mutate(bytes: Buffer, { at, how, byte, count }: Mutation): Buffer {
  const place = bytes.length === 0 ? 0 : at % bytes.length
  switch (how) {
    case 'flip': {
      const out = Buffer.from(bytes)
      if (out.length > 0) out[place] = out[place]! ^ (1 << (byte & 7))
      return out
    }
    case 'cut':
      return bytes.subarray(0, place)
    case 'insert':
      return Buffer.concat([bytes.subarray(0, place), Buffer.alloc(count, byte), bytes.subarray(place)])
    case 'overwrite': {
      const out = Buffer.from(bytes)
      out.fill(byte, place, Math.min(out.length, place + count))
      return out
    }
  }
}

function assertTyped(t: { fail(message: string): unknown }, bytes: Uint8Array): void {
  const request = decodeRequest(bytes)
  if (request.kind === 'unreadable') {
    if (request.cause === 'malformed') {
      const { field, value, expected } = request.detail
      if (!field || !value || !expected || String(value).length > 300) {
        t.fail(`a refusal without field, value or expectation: ${JSON.stringify(request.detail)}`)
      }
    } else if (typeof request.detail.op !== 'number') t.fail('an unknown operation without its code')
  } else if ('operation' in request) {
    const known = all.find((one) => one.name === request.operation.op)!
    // What was accepted can be written again: it obeys the schema.
    encodeRequest(new Writer(), known.name as 'status', request.id, request.acks, request.operation as object)
  }
  for (const operation of asked) decodeServerFrame(bytes, () => operation)
}

const asked = all.filter((one) => ['lock.acquire', 'status', 'sequence.gaps', 'hello'].includes(one.name))

function bodyOf(write: (writer: Writer) => void): Buffer {
  const writer = new Writer()
  write(writer)
  return Buffer.from(writer.take().subarray(limits.frameHeaderSize))
}

t.test('any mutation of a valid frame gives a value or a typed refusal', async (t) => {
  const frame = fc.oneof(
    ...all.map((one) =>
      fieldsArbitrary(one.request.fields).map((fields) =>
        bodyOf((writer) => encodeRequest(writer, one.name as 'status', 5, [1, 2], fields)),
      ),
    ),
    ...all.map((one) =>
      fieldsArbitrary(one.result.fields).map((value) =>
        bodyOf((writer) => encodeOk(writer, one.name as 'status', 5, value as never)),
      ),
    ),
    ...eventList.map((one) =>
      fieldsArbitrary(one.row.fields).map((fields) =>
        bodyOf((writer) => encodeEvent(writer, { event: one.name, ...fields } as ServerEventInput)),
      ),
    ),
    fc
      .dictionary(fc.string(), fc.jsonValue())
      .map((detail) => bodyOf((writer) => encodeRefused(writer, 5, 'held', detail))),
  )
  const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(frame, mutations, (bytes, steps) => {
      assertTyped(t, steps.reduce(mutate, bytes))
    }),
    runs(4_000),
  )
})

t.test('every byte of every example, flipped in every bit, and every cut of it', async (t) => {
  for (const one of all) {
    const frames = [
      bodyOf((writer) => encodeRequest(writer, one.name as 'status', 5, [1], one.example as object)),
      bodyOf((writer) => encodeOk(writer, one.name as 'status', 5, one.exampleResult as never)),
    ]
    for (const bytes of frames) {
      for (let at = 0; at < bytes.length; at++) {
        for (let bit = 0; bit < 8; bit++) {
          bytes[at] = bytes[at]! ^ (1 << bit)
          assertTyped(t, bytes)
          bytes[at] = bytes[at]! ^ (1 << bit)
        }
        assertTyped(t, bytes.subarray(0, at))
      }
    }
  }
})

t.test('random bytes give a value or a typed refusal', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      assertTyped(t, bytes)
      const head = Uint8Array.of(0x98, all[bytes.length % all.length]!.code, 1, 0x90)
      assertTyped(t, Buffer.concat([head, bytes]))
    }),
    runs(4_000),
  )
})

t.test('the worst frames of the largest size are read or refused in bounded time', async (t) => {
  const size = limits.frameSizeMax
  const request = (fill: number, head: readonly number[]) => {
    const bytes = Buffer.alloc(size, fill)
    bytes.set(head)
    return bytes
  }
  const u32 = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]
  const bombs: [string, Buffer][] = [
    ['nested arrays', request(0x91, [])],
    ['nested maps', request(0x81, [0x93])],
    ['nested arrays as an unknown field', request(0x91, [0x95, 18, 1, 0x90])],
    [
      'an array of empty arrays as an unknown field',
      request(0x90, [0x95, 18, 1, 0x90, 0xdd, ...u32(size - 9)]),
    ],
    ['as many acks as fit', request(0x01, [0x94, 18, 1, 0xdd, ...u32(size - 8)])],
    ['as many names as fit', request(0xa0, [0x95, 33, 1, 0x90, 0xa1, 0x61, 0xdd, ...u32(size - 11)])],
    ['a name as long as the frame', request(0x61, [0x94, 19, 1, 0x90, 0xdb, ...u32(size - 9)])],
    ['a length of four gigabytes', request(0x61, [0x94, 19, 1, 0x90, 0xdb, 255, 255, 255, 255])],
    ['an array of four billion', request(0x61, [0x94, 17, 1, 0xdd, 255, 255, 255, 255])],
    ['a map with many unknown keys', request(0xa0, [0x94, 0, 1, 0x90, 0xdf, ...u32((size - 9) >> 1)])],
    [
      'a refusal with an array of empty maps',
      request(0x80, [0x94, 2, 1, 0xa1, 0x61, 0x81, 0xa1, 0x61, 0xdd, ...u32(size - 13)]),
    ],
    ['a refusal of nested arrays', request(0x91, [0x94, 2, 1, 0xa1, 0x61, 0x81, 0xa1, 0x61])],
    ['extension types', request(0xd4, [0x94, 19, 1, 0x90])],
    ['control characters', request(0x00, [0x94, 19, 1, 0x90, 0xdb, ...u32(size - 9)])],
    ['bytes that are no UTF-8', request(0xff, [0x94, 19, 1, 0x90, 0xdb, ...u32(size - 9)])],
  ]
  for (const [title, bytes] of bombs) {
    const start = performance.now()
    assertTyped(t, bytes)
    const took = performance.now() - start
    t.ok(took < worstMs, `${title}: ${took.toFixed(1)} ms`)
  }
})

t.test('refusals cost little: no stack is collected for hostile bytes', async (t) => {
  const bytes = Buffer.from('94130990a2c328', 'hex')
  const start = performance.now()
  for (let i = 0; i < 100_000; i++) decodeRequest(bytes)
  const microseconds = ((performance.now() - start) * 1_000) / 100_000
  t.ok(microseconds < 100, `${microseconds.toFixed(2)} us each`)
})

t.test('memory does not grow with hostile frames', async (t) => {
  const texts = (i: number) =>
    Buffer.from(`94130990b2${Buffer.from(`owner-${String(i).padStart(12, '0')}`).toString('hex')}`, 'hex')
  for (let i = 0; i < 20_000; i++) decodeRequest(texts(i))
  const before = process.memoryUsage().heapUsed
  for (let i = 20_000; i < 220_000; i++) decodeRequest(texts(i))
  const grown = process.memoryUsage().heapUsed - before
  t.ok(grown < 64_000_000, `${(grown / 1e6).toFixed(1)} MB`)
})
