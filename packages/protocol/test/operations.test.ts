import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  decodeOperation,
  decodeRequest,
  decodeServerFrame,
  encodeInternal,
  encodeOk,
  encodeRequest,
  type InternalRequest,
  internalOperations,
  limits,
  operationByCode,
  operationList,
  ProtocolError,
  Writer,
} from '../src/index.ts'
import type { Operation } from '../src/operation.ts'
import { fieldsArbitrary, runs } from './kit/arbitraries.ts'

const all = operationList as readonly Operation[]
const internal = Object.values(internalOperations) as readonly Operation[]
const id = fc.oneof(fc.maxSafeInteger().map(Math.abs), fc.nat(300))
const acks = fc.array(fc.nat(100_000), { maxLength: 40 })

function bodyOf(write: (writer: Writer) => void): Buffer {
  const writer = new Writer()
  write(writer)
  return writer.take().subarray(limits.frameHeaderSize)
}

for (const operation of all) {
  const name = operation.name as 'status'

  t.test(`${operation.name}: a request comes back as it was written`, async () => {
    fc.assert(
      fc.property(id, acks, fieldsArbitrary(operation.request.fields), (id, acks, fields) => {
        const body = bodyOf((writer) => encodeRequest(writer, name, id, acks, fields))
        const request = decodeRequest(body)
        assert.deepEqual(request, { kind: operation.kind, id, acks, operation: { op: name, ...fields } })
        assert.deepEqual(decodeOperation(body), request)
      }),
      runs(60),
    )
  })

  t.test(`${operation.name}: a result comes back as it was written`, async () => {
    fc.assert(
      fc.property(id, fieldsArbitrary(operation.result.fields), (id, value) => {
        const body = bodyOf((writer) => encodeOk(writer, name, id, value as never))
        assert.deepEqual(
          decodeServerFrame(body, () => operation),
          { kind: 'ok', id, value },
        )
      }),
      runs(60),
    )
  })

  t.test(`${operation.name}: properties come in the order of the schema`, async (t) => {
    const request = decodeRequest(
      bodyOf((writer) => encodeRequest(writer, name, 1, [], operation.example as object)),
    )
    if (request.kind === 'unreadable' || !('operation' in request)) return t.fail('not a request')
    const order = ['op', ...operation.request.fields.map((field) => field.name)]
    const keys = Object.keys(request.operation)
    t.strictSame(
      keys,
      order.filter((key) => keys.includes(key)),
    )
  })
}

t.test('commands of the leader come back from the log as they were written', async () => {
  for (const operation of internal) {
    fc.assert(
      fc.property(fieldsArbitrary(operation.request.fields), (fields) => {
        const command = { op: operation.name, ...fields } as InternalRequest
        const writer = new Writer()
        encodeInternal(writer, command)
        assert.deepEqual(decodeOperation(writer.take()), { kind: 'internal', operation: command })
      }),
      runs(30),
    )
  }
})

t.test('a client cannot send a command of the leader', async (t) => {
  for (const operation of internal) {
    const request = decodeRequest(Uint8Array.of(0x93, 0xcc, operation.code, 1, 0x90))
    t.match(request, { kind: 'unreadable', id: 1, cause: 'unknownOperation', detail: { op: operation.code } })
  }
})

t.test('codes are unique, lie in their ranges, and never collide with tags', async (t) => {
  const codes = [...all, ...internal].map((operation) => operation.code)
  t.equal(new Set(codes).size, codes.length)
  for (const operation of all) {
    t.ok(operation.code === 0 || (operation.code >= 16 && operation.code < 240), operation.name)
    t.equal(operationByCode(operation.code), operation)
  }
  for (const operation of internal) t.ok(operation.code >= 240, operation.name)
})

t.test('the hottest operations have codes of one byte', async (t) => {
  for (const operation of all) if (operation.kind === 'command') t.ok(operation.code < 128, operation.name)
})

t.test(
  'a request that breaks a bound is refused by field, value and expectation on both sides',
  async (t) => {
    const writer = new Writer()
    const base = { owner: 'u1', locks: [{ name: 'a' }] }
    const cases: [object, string, string, string][] = [
      [{ ...base, owner: '' }, 'owner', '""', 'text of 1 to 512 bytes without control characters'],
      [{ ...base, owner: 'a\nb' }, 'owner', '"a\\nb"', 'text of 1 to 512 bytes without control characters'],
      [{ ...base, waitMs: -2 }, 'waitMs', '-2', 'an integer from -1 to 86400000'],
      [{ ...base, waitMs: 0.5 }, 'waitMs', '0.5', 'an integer below 2^53'],
      [{ ...base, waitMs: Number.NaN }, 'waitMs', 'NaN', 'an integer from -1 to 86400000'],
      [{ ...base, locks: [] }, 'locks', 'an array of 0', 'an array of 1 to 64 items'],
      [{ ...base, locks: [{ name: 'a' }, { name: 'a' }] }, 'locks[1].name', '"a"', 'no value twice'],
      [{ ...base, locks: [{ name: 'a', mode: 'both' }] }, 'locks[0].mode', '"both"', 'exclusive, shared'],
      [
        { ...base, locks: [{ name: 'x\ud800' }] },
        'locks[0].name',
        '"x\\ud800"',
        'text without lone surrogates',
      ],
      [
        { ...base, locks: [{}] },
        'locks[0].name',
        'nothing',
        'text of 1 to 512 bytes without control characters',
      ],
    ]
    for (const [fields, field, value, expected] of cases) {
      t.throws(() => encodeRequest(writer, 'lock.acquire', 1, [], fields as typeof base), {
        code: 'INVALID_VALUE',
        message: `lock.acquire: ${field} is ${value}, expected ${expected}`,
        detail: { field, value, expected },
      })
      t.equal(writer.size, 0, 'nothing was written')
    }
    t.throws(
      () => encodeRequest(writer, 'lock.acquire', 1, [], { ...base, owner: 'ç'.repeat(257) }),
      { code: 'INVALID_VALUE', detail: { field: 'owner' } },
      'bytes are counted, not characters',
    )
    t.doesNotThrow(() => encodeRequest(writer, 'lock.acquire', 1, [], { ...base, owner: 'ç'.repeat(256) }))
  },
)

t.test('a stored request that this version does not know is a broken promise', async (t) => {
  const cases = [
    Uint8Array.of(0x93, 79, 1, 0x90),
    Uint8Array.of(0x92, 4, 1),
    Uint8Array.of(),
    Uint8Array.of(0x91, 0xcc, 240),
  ]
  for (const bytes of cases) {
    t.throws(() => decodeOperation(bytes), { code: 'STORED_REQUEST_UNREADABLE' })
    t.throws(() => decodeOperation(bytes), ProtocolError)
  }
})
