import { eventList } from '../../src/frames/events.ts'
import {
  decodeRequest,
  decodeServerFrame,
  encodeEvent,
  encodeOk,
  encodePing,
  encodePong,
  encodeRefused,
  encodeRequest,
  operationList,
  operations,
  type ServerEventInput,
  Writer,
} from '../../src/index.ts'
import type { Operation } from '../../src/operation.ts'
import { Reader } from '../../src/wire/reader.ts'
import { readValue, writeValue } from '../../src/wire/value.ts'

/** One frame: its bytes, the MessagePack value in them, and what it means. Bytes stand as `{"$bytes": hex}`. */
export interface Vector {
  readonly about: string
  /** The whole frame, length included. */
  readonly hex: string
  readonly body: unknown
  readonly decoded: unknown
  /** The operation that an answer belongs to. */
  readonly operation?: string
}

export interface Golden {
  readonly about: string
  readonly requests: readonly Vector[]
  readonly answers: readonly Vector[]
  readonly events: readonly Vector[]
  readonly keepAlive: readonly Vector[]
  /** Legal, but not as this package writes it: readers must take it. */
  readonly readOnly: readonly Vector[]
  readonly refused: readonly Vector[]
}

const about = [
  'Golden vectors of the protocol. hex: the whole frame with its length; body: the MessagePack value in it;',
  'decoded: what it means. {"$bytes": hex} stands for bin. Made by `npm run golden -w @tranca/protocol`.',
].join(' ')

export function makeGolden(): Golden {
  const all = operationList as readonly Operation[]
  return {
    about,
    requests: [
      ...all.map((one, i) =>
        request(`${one.name}, the example of its page`, (writer) =>
          encodeRequest(writer, one.name as 'status', i + 1, i % 3 === 0 ? [] : [i], one.example as object),
        ),
      ),
      request('two names, one shared, every field written', (writer) =>
        encodeRequest(writer, 'lock.acquire', 70_000, [69_998, 69_999], {
          owner: 'usuário ç',
          locks: [{ name: 'SA1000001' }, { name: '伝票', mode: 'shared' }],
          waitMs: -1,
          priority: -5,
        }),
      ),
      request('numbers beyond 32 bits are uint64', (writer) =>
        encodeRequest(writer, 'lock.release', Number.MAX_SAFE_INTEGER, [4_294_967_296], {
          owner: 'u1',
          names: ['a'],
          token: 4_294_967_297,
        }),
      ),
      request('a block, with definition and seed', (writer) =>
        encodeRequest(writer, 'sequence.next', 300, [], {
          owner: 'u1',
          name: 'ticket',
          scope: { company: '01', branch: '' },
          count: 100,
          spec: { kind: 'fast', digits: 'decimal', width: 6, start: '000001', utcOffsetMinutes: 0 },
          seedIfAbsent: '000041',
        }),
      ),
    ],
    answers: [
      ...all.map((one, i) =>
        answer(`${one.name}, the example of its page`, one.name, (writer) =>
          encodeOk(writer, one.name as 'status', i + 1, one.exampleResult as never),
        ),
      ),
      answer('refused: held', 'lock.acquire', (writer) =>
        encodeRefused(writer, 12, 'held', {
          name: 'SA1000001',
          holders: [
            {
              session: 17,
              client: 'appserver-1',
              owner: 'u1',
              mode: 'exclusive',
              token: 42,
              sinceMs: 1_795_262_400_000,
              count: 1,
            },
          ],
          queued: 2,
        }),
      ),
      answer('refused: another node leads', 'lock.acquire', (writer) =>
        encodeRefused(writer, 12, 'notLeader', { leader: { node: 2, address: '10.0.0.2:5555' } }),
      ),
      answer('refused: no leader is known', 'lock.acquire', (writer) =>
        encodeRefused(writer, 12, 'noLeader'),
      ),
    ],
    events: [
      ...eventList.map((one) =>
        frame(one.doc, (writer) =>
          encodeEvent(writer, { event: one.name, ...one.example } as ServerEventInput),
        ),
      ),
      frame('No leader is known.', (writer) => encodeEvent(writer, { event: 'leader' })),
    ],
    keepAlive: [
      request('ping', (writer) => encodePing(writer, 7)),
      request('pong', (writer) => encodePong(writer, 7)),
    ],
    readOnly: [
      requestBytes('fields of a newer client are passed over', [
        33,
        5,
        [],
        'u1',
        ['a'],
        42,
        'new',
        { k: [1] },
      ]),
      requestBytes('nil stands for absent', [32, 5, null, 'u1', [['a', null]], null, 3]),
      requestBytes('missing fields at the end are absent', [32, 5, [], 'u1', [['a']]]),
      requestHex('a whole number may come as float64', '9413cb401400000000000090a27531'),
      requestHex('or in a longer form than needed', '9413d3000000000000000590d9027531'),
    ],
    refused: [
      requestBytes('an operation that is not known', [79, 9, []]),
      requestBytes('a field of the wrong type', [19, 9, [], 5]),
      requestBytes('a field that is missing', [32, 9, [], 'u1']),
      requestBytes('a name that is empty', [32, 9, [], 'u1', [['']]]),
      requestBytes('the same name twice', [32, 9, [], 'u1', [['a'], ['a']]]),
      requestBytes('a number out of range', [32, 9, [], 'u1', [['a']], 86_400_001]),
      requestHex('text that is not UTF-8', '94130990a2c328'),
      requestHex('a length that cannot be true', '94130990db7fffffff'),
      requestHex('bytes after the request', '94130990a27531c0'),
      requestHex('an extension type', '94130990d40000'),
      requestHex('not an array', 'a568656c6c6f'),
      requestHex('no bytes at all', ''),
    ],
  }
}

function body(write: (writer: Writer) => void): Buffer {
  const writer = new Writer()
  write(writer)
  return writer.take().subarray(4)
}

function vector(title: string, bytes: Uint8Array, decoded: unknown): Vector {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(bytes.length)
  return {
    about: title,
    hex: Buffer.concat([head, bytes]).toString('hex'),
    body: toJson(plainBody(bytes)),
    decoded: toJson(decoded),
  }
}

/** `null` where there is no plain MessagePack value. */
function plainBody(bytes: Uint8Array): unknown {
  try {
    const reader = new Reader(bytes)
    const value = readValue(reader)
    reader.finish()
    return value
  } catch {
    return null
  }
}

function request(title: string, write: (writer: Writer) => void): Vector {
  const bytes = body(write)
  return vector(title, bytes, decodeRequest(bytes))
}

function requestBytes(title: string, value: unknown): Vector {
  const writer = new Writer()
  writeValue(writer, value)
  const bytes = writer.take()
  return vector(title, bytes, decodeRequest(bytes))
}

function requestHex(title: string, hex: string): Vector {
  const bytes = Buffer.from(hex, 'hex')
  return vector(title, bytes, decodeRequest(bytes))
}

function answer(title: string, name: string, write: (writer: Writer) => void): Vector {
  const bytes = body(write)
  const decoded = decodeServerFrame(bytes, () => operations[name as 'status'])
  return { ...vector(title, bytes, decoded), operation: name }
}

function frame(title: string, write: (writer: Writer) => void): Vector {
  const bytes = body(write)
  return vector(
    title,
    bytes,
    decodeServerFrame(bytes, () => undefined),
  )
}

/** A value as it stands in the file. */
export function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('hex') }
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]))
  }
  return value
}
