import { Buffer } from 'node:buffer'
import { StorageError } from '@tranca/storage'
import { Packr } from 'msgpackr'
import { pino } from 'pino'
import t from 'tap'
import type { Stream } from '../src/environment/transport.ts'
import { limits } from '../src/limits.ts'
import { FrameKind, peerFrame } from '../src/peers/frames.ts'
import { encodeGreeting, type Hello, PEER_VERSION } from '../src/peers/greeting.ts'
import { type PeerHandlers, PeerHub } from '../src/peers/peer-hub.ts'
import { receiveSnapshot, SnapshotSender } from '../src/peers/snapshot-transfer.ts'
import { type FakeStream, FakeTransport } from './fake-transport.ts'
import { VirtualClock } from './virtual-clock.ts'

const logger = pino({ level: 'silent' })
const packr = new Packr({ useRecords: false, variableMapSize: true })

function helloOf(id: number): Hello {
  return {
    version: PEER_VERSION,
    cluster: 'test',
    id,
    name: `n${id}`,
    peer: `n${id}:1`,
    client: `n${id}:2`,
    standing: 'member',
    starts: 1,
    run: `run-${id}`,
    lastIndex: 0,
    founders: 'f',
  }
}

const greetingOf = (id: number) => peerFrame(FrameKind.hello, encodeGreeting(helloOf(id)))

async function peers(handlers: Partial<PeerHandlers> = {}) {
  const clock = new VirtualClock()
  const transport = new FakeTransport()
  const none = () => {}
  const memory = { starts: 0, run: '', lastIndex: 0, founders: [] }
  const hub = new PeerHub({
    self: 1,
    transport,
    clock,
    logger,
    prove: none,
    handlers: {
      hello: () => helloOf(1),
      onHello: () => memory,
      onWelcome: none,
      onRaft: none,
      onDigest: none,
      onSnapshotStream: () => none,
      onGone: none,
      ...handlers,
    },
  })
  await hub.listen('')
  return { clock, transport, hub }
}

t.test('a connection that is silent or stops in its greeting is closed in time', async (t) => {
  const { clock, transport } = await peers()
  const silent = transport.connect()
  const half = transport.connect()
  half.onData!(greetingOf(2).subarray(0, 30))
  clock.advance(limits.helloTimeoutMs - 10)
  half.onData!(greetingOf(2).subarray(30, 31))
  t.notOk(silent.isClosed || half.isClosed)
  clock.advance(20)
  t.ok(silent.isClosed && half.isClosed)
})

t.test('a member that was dialed and does not answer the greeting is dialed again', async (t) => {
  const { clock, transport, hub } = await peers()
  hub.setPeers(new Map([[2, 'n2:1']]))
  const first = transport.dialed[0]!
  first.open()
  clock.advance(limits.helloTimeoutMs - 10)
  t.notOk(first.stream.isClosed)
  clock.advance(20 + limits.redialMsMax)
  t.ok(first.stream.isClosed, 'its machine may have died with the greeting')
  t.equal(transport.dialed.length, 2)
  const second = transport.dialed[1]!
  second.open()
  const memory = { starts: 0, run: '', lastIndex: 0, founders: [] }
  second.stream.onData!(peerFrame(FrameKind.welcome, encodeGreeting({ self: helloOf(2), memory })))
  clock.advance(10 * limits.helloTimeoutMs)
  t.notOk(second.stream.isClosed, 'who has answered stays')
  t.ok(hub.isConnected(2))
})

t.test('nothing long is kept for a connection that has not greeted', async (t) => {
  const { transport } = await peers()
  const large = transport.connect()
  const head = Buffer.alloc(5)
  head.writeUInt32BE(limits.greetingSizeMax + 1, 0)
  large.onData!(head)
  t.ok(large.isClosed)

  let bytes = 0
  const { transport: other } = await peers({
    onRaft: (_from, body) => {
      bytes = body.length
    },
  })
  const member = other.connect()
  member.onData!(greetingOf(2))
  member.onData!(peerFrame(FrameKind.raft, Buffer.alloc(limits.peerFrameSizeMax - 1)))
  t.equal(bytes, limits.peerFrameSizeMax - 1, 'who has greeted may send what members send')
})

t.test('connections beyond the limit are closed, and a place that is free again is given', async (t) => {
  const { transport } = await peers()
  const first = transport.connect()
  for (let i = 1; i < limits.peerConnectionsMax; i++) transport.connect()
  t.ok(transport.connect().isClosed)
  first.close()
  t.notOk(transport.connect().isClosed)
})

t.test('one that greets under many names, or floods with greetings, is closed', async (t) => {
  let greeted = 0
  const { transport } = await peers({
    onHello: () => {
      greeted++
      return { starts: 0, run: '', lastIndex: 0, founders: [] }
    },
  })
  const double = transport.connect()
  double.onData!(greetingOf(2))
  double.onData!(greetingOf(3))
  t.ok(double.isClosed, 'a second name on one connection')
  greeted = 0
  let closed = 0
  for (let id = 10; id < 10 + 3 * limits.strangersMax; id++) {
    const stream = transport.connect()
    stream.onData!(greetingOf(id))
    if (stream.isClosed) closed++
    stream.close()
  }
  t.ok(greeted <= limits.strangersMax && closed >= 2 * limits.strangersMax, `${greeted} and ${closed}`)

  const flood = transport.connect()
  const many = Buffer.concat(Array.from({ length: 500 }, () => greetingOf(2)))
  for (let i = 0; i < 2_000 && !flood.isClosed; i++) flood.onData!(many)
  t.ok(flood.isClosed)
  t.ok(flood.backlog <= limits.peerBacklogSizeMax + 1_000, `${flood.backlog} bytes`)
})

t.test('frames of unknown kinds, or before a greeting, end the connection alone', async (t) => {
  const { transport } = await peers()
  for (const kind of [0, 2, 3, 4, 6, 7, 8, 9, 255]) {
    const stream = transport.connect()
    stream.onData!(peerFrame(kind as FrameKind, Buffer.from([1, 2, 3])))
    t.ok(stream.isClosed, `kind ${kind}`)
  }
})

const meta = {
  index: 5,
  term: 1,
  confState: { voters: [1, 2], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
  rows: 1,
  digest: '0'.repeat(32),
}

t.test('a snapshot whose sender is gone without a word gives its place back', async (t) => {
  const aborted: string[] = []
  const clock = new VirtualClock()
  const storage = {
    receiveSnapshot: async () => ({
      meta,
      write: async () => {},
      abort: async () => void aborted.push('one'),
    }),
  } as never
  const { transport, hub } = await peers({
    onSnapshotStream: (from, stream) =>
      receiveSnapshot({
        from,
        stream,
        storage,
        clock,
        logger,
        judge: () => 'new',
        onReceived: () => true,
        failed: (error) => t.fail(error.message),
      }),
  })
  const streams: FakeStream[] = []
  for (let i = 0; i < 2 * limits.peerConnectionsMax; i++) {
    const stream = transport.connect()
    streams.push(stream)
    stream.onData!(peerFrame(FrameKind.snapshotHello, encodeGreeting(helloOf(2))))
    stream.onData!(peerFrame(FrameKind.snapshotBegin, packr.pack({ term: 1, meta })))
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(limits.snapshotIdleMs - 10)
    stream.onData!(peerFrame(FrameKind.snapshotChunk, Buffer.alloc(10)))
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(limits.snapshotIdleMs - 10)
    if (stream.isClosed) t.fail('a chunk buys more time')
    clock.advance(20)
    if (!stream.isClosed) t.fail(`stream ${i} is open`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(aborted.length, streams.length, 'and the connection is not counted any more')
  await hub.close()
})

t.test(
  'a disk that fails under a snapshot stops the node; a snapshot that is no good does not',
  async (t) => {
    const stopped = async (begin: () => Promise<unknown>, write: () => Promise<void> = async () => {}) => {
      const causes: string[] = []
      const { transport, hub } = await peers({
        onSnapshotStream: (from, stream) =>
          receiveSnapshot({
            from,
            stream,
            storage: {
              receiveSnapshot: async () => {
                await begin()
                return { meta, write, abort: async () => {} }
              },
            } as never,
            clock: new VirtualClock(),
            logger,
            judge: () => 'new',
            onReceived: () => true,
            failed: (error) => causes.push(error.message),
          }),
      })
      const stream = transport.connect()
      stream.onData!(peerFrame(FrameKind.snapshotHello, encodeGreeting(helloOf(2))))
      stream.onData!(peerFrame(FrameKind.snapshotBegin, packr.pack({ term: 1, meta })))
      stream.onData!(peerFrame(FrameKind.snapshotChunk, Buffer.alloc(10)))
      await new Promise((resolve) => setImmediate(resolve))
      t.ok(stream.isClosed)
      await hub.close()
      return causes
    }
    const broken = (code: ConstructorParameters<typeof StorageError>[0]) => () =>
      Promise.reject(new StorageError(code, code))
    const nothing = async () => undefined
    t.same(await stopped(broken('IO')), ['IO'], 'it is never tried again')
    t.same(await stopped(nothing, broken('LEDGER_FAILED')), ['LEDGER_FAILED'])
    t.same(await stopped(nothing, broken('SNAPSHOT_DAMAGED')), [])
    t.same(await stopped(broken('SNAPSHOT_IN_PROGRESS')), [])
    t.same(await stopped(broken('DISK_FULL')), [], 'room may come')
  },
)

t.test('an answer to a snapshot that cannot be understood ends the sending, not the node', async (t) => {
  const done: boolean[] = []
  const { transport, hub } = await peers()
  hub.setPeers(new Map([[2, 'n2:1']]))
  const sender = new SnapshotSender({
    hub,
    logger,
    storage: {
      openSnapshot: async () => ({
        meta,
        async *chunks() {
          yield Buffer.alloc(100)
        },
        close: async () => {},
      }),
    } as never,
    done: (_to, delivered) => done.push(delivered),
  })
  const send = () =>
    sender.send({
      type: 'snapshot',
      from: 1,
      to: 2,
      term: 1,
      snapshot: { ...meta, data: new Uint8Array(0) },
    })
  for (const bytes of [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), Buffer.alloc(20, 0xff)]) {
    send()
    await new Promise((resolve) => setImmediate(resolve))
    const { stream, open } = transport.dialed.at(-1)!
    open()
    await new Promise((resolve) => setImmediate(resolve))
    stream.backlog = 0
    t.doesNotThrow(() => stream.onData!(bytes))
    stream.onDrain?.()
    await new Promise((resolve) => setImmediate(resolve))
    t.ok((stream as Stream & { isClosed: boolean }).isClosed)
  }
  t.same(done, [false, false])

  send()
  await new Promise((resolve) => setImmediate(resolve))
  const { stream, open } = transport.dialed.at(-1)!
  open()
  stream.backlog = 0
  stream.onDrain?.()
  await new Promise((resolve) => setImmediate(resolve))
  t.notOk(stream.isClosed, 'all is sent, and the answer may take its time')
  sender.gone(2)
  await new Promise((resolve) => setImmediate(resolve))
  t.same(done, [false, false, false], 'a process that is gone will not answer')
  await hub.close()
})
