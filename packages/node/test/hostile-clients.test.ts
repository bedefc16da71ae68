import { Buffer } from 'node:buffer'
import { encodePing, operations, Writer, limits as wireLimits } from '@tranca/protocol'
import t from 'tap'
import { limits } from '../src/limits.ts'
import { TestCluster, until } from './cluster-kit.ts'
import { answers, hi, hub, request } from './hub-kit.ts'
import { RawClient } from './raw-client.ts'

t.test(
  'connections beyond the limit are told so and closed; a place that is free again is given',
  async (t) => {
    const { transport, hub: one } = await hub()
    const first = transport.connect()
    for (let i = 1; i < limits.connectionsMax; i++) transport.connect()
    t.equal(one.connectionCount, limits.connectionsMax)
    const refused = transport.connect()
    t.ok(refused.isClosed)
    t.match(answers(refused, 'status'), [
      { kind: 'refused', id: 0, cause: 'busy', detail: { field: 'connections', max: limits.connectionsMax } },
    ])
    t.equal(one.connectionCount, limits.connectionsMax)
    first.close()
    t.notOk(transport.connect().isClosed)
  },
)

t.test('who never says hello, or only half of it, is closed in time', async (t) => {
  const { clock, transport, hub: one } = await hub()
  const silent = transport.connect()
  const half = transport.connect()
  const hello = request('hello', { hi })
  half.onData!(hello.subarray(0, hello.length - 3))
  // A byte now and then buys no more time.
  clock.advance(limits.helloTimeoutMs - 10)
  half.onData!(hello.subarray(hello.length - 3, hello.length - 2))
  t.notOk(silent.isClosed || half.isClosed)
  clock.advance(20)
  t.ok(silent.isClosed && half.isClosed)
  t.equal(one.connectionCount, 0)
})

t.test('a reader that never reads is cut off, and what waits for it is bounded', async (t) => {
  const { clock, transport, hub: one } = await hub()
  const slow = transport.connect()
  slow.onData!(request('hello', { hi }))
  let most = 0
  for (let turn = 0; turn < 1_000 && !slow.isClosed; turn++) {
    slow.onData!(request('status', {}))
    clock.endTurn()
    most = Math.max(most, slow.backlog)
  }
  t.ok(slow.isClosed)
  t.ok(most < limits.clientBacklogSizeMax + 1_000_000, `${most} bytes`)
  t.equal(one.connectionCount, 0)
})

t.test(
  'who sends pings and reads nothing costs no memory; of all pings the last one gets a pong',
  async (t) => {
    const { clock, transport } = await hub()
    const deaf = transport.connect()
    const writer = new Writer()
    const ping = (nonce: number) => {
      encodePing(writer, nonce)
      deaf.onData!(Buffer.from(writer.take()))
    }
    deaf.onData!(request('hello', { hi }))
    clock.endTurn()
    deaf.read()
    for (let nonce = 1; nonce <= 9; nonce++) ping(nonce)
    clock.endTurn()
    t.same(answers(deaf, 'status'), [{ kind: 'pong', nonce: 9 }])
    deaf.backlog = limits.clientSocketSizeMax + 1
    for (let nonce = 10; nonce <= 50_000; nonce++) {
      ping(nonce)
      clock.endTurn()
    }
    t.equal(deaf.backlog, limits.clientSocketSizeMax + 1)
    t.notOk(deaf.isClosed)
    deaf.backlog = 0
    deaf.onDrain!()
    t.same(answers(deaf, 'status'), [{ kind: 'pong', nonce: 50_000 }])
  },
)

t.test('answers gather behind a full socket, in order, and leave in one piece when it drains', async (t) => {
  const { clock, transport } = await hub()
  const slow = transport.connect()
  slow.onData!(request('hello', { hi }))
  clock.endTurn()
  slow.read()
  slow.backlog = limits.clientSocketSizeMax + 1
  for (let id = 1; id <= 3; id++) {
    slow.onData!(request('health', {}, id))
    clock.endTurn()
  }
  t.equal(slow.written.length, 0)
  slow.backlog = 0
  slow.onDrain!()
  t.equal(slow.written.length, 1)
  t.match(answers(slow, 'health'), [
    { kind: 'ok', id: 1 },
    { kind: 'ok', id: 2 },
    { kind: 'ok', id: 3 },
  ])
})

t.test('many questions in one turn do not gather more answers than a slow reader may leave', async (t) => {
  const { clock, transport } = await hub()
  const greedy = transport.connect()
  greedy.onData!(request('hello', { hi }))
  clock.endTurn()
  greedy.read()
  const question = request('status', {})
  // 64 KiB of questions would be answered with hundreds of megabytes.
  greedy.onData!(Buffer.concat(Array.from({ length: Math.floor(65_536 / question.length) }, () => question)))
  clock.endTurn()
  t.ok(greedy.isClosed)
  t.ok(greedy.backlog <= limits.clientBacklogSizeMax + 1_000_000, `${greedy.backlog} bytes`)
})

t.test('a frame of the largest size, byte by byte, is refused as one request', async (t) => {
  const { clock, transport } = await hub()
  const stream = transport.connect()
  stream.onData!(request('hello', { hi }))
  clock.endTurn()
  stream.read()
  // lock.get of a resource whose name fills the frame.
  const size = wireLimits.frameSizeMax
  const frame = Buffer.alloc(4 + size, 0x61)
  frame.writeUInt32BE(size, 0)
  frame.set([0x94, operations['lock.get'].code, 5, 0x90, 0xdb], 4)
  frame.writeUInt32BE(size - 9, 9)
  for (let at = 0; at < frame.length; at++) stream.onData!(frame.subarray(at, at + 1))
  clock.endTurn()
  t.match(answers(stream, 'lock.get'), [{ kind: 'refused', id: 5, cause: 'malformed' }])
  t.notOk(stream.isClosed, 'the stream can be read on')
  stream.onData!(request('health', {}, 6))
  clock.endTurn()
  t.match(answers(stream, 'health'), [{ kind: 'ok', id: 6 }])
})

t.test('a flood of hellos without a session is answered and leaves nothing behind', async (t) => {
  const { clock, transport, hub: one } = await hub()
  const stream = transport.connect()
  const hello = request('hello', { hi })
  for (let turn = 0; turn < 200; turn++) {
    for (let i = 0; i < 100; i++) stream.onData!(hello)
    clock.endTurn()
    t.equal(answers(stream, 'hello').length, 100)
  }
  t.equal(one.connectionCount, 1)
})

t.test('a real node serves others while strangers send what they like to both ports', async (t) => {
  const cluster = await TestCluster.start(t, 1)
  const [member] = cluster.members
  const session = await cluster.session()
  for (let i = 0; i < 500; i++) await session.owner('ana').lock(`resource-${i}`)

  // Bytes of one port at the other, and of another protocol at both.
  const garbage = [
    request('hello', { hi }),
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from([0, 0, 0, 40, 1, ...Array(39).fill(0x91)]),
    Buffer.alloc(100_000, 0xff),
  ]
  for (const bytes of garbage) {
    const stranger = await RawClient.dial(member!.peer)
    stranger.write(bytes)
    await stranger.closed
  }
  for (const bytes of garbage.slice(1)) {
    const stranger = await RawClient.dial(member!.client)
    stranger.write(bytes)
    await stranger.closed
  }

  // Nested arrays as deep as a frame is long.
  const bomb = Buffer.alloc(4 + wireLimits.frameSizeMax, 0x91)
  bomb.writeUInt32BE(wireLimits.frameSizeMax, 0)
  const deep = await RawClient.dial(member!.client)
  await deep.ask('hello', { hi })
  deep.write(bomb)
  await deep.closed

  // One that asks for lists and never reads: it is closed, and meanwhile others are served.
  const { connections } = await cluster.status(1)
  const slow = await RawClient.dial(member!.client)
  await slow.ask('hello', { hi })
  slow.pause()
  const lists = Buffer.concat(
    Array.from({ length: 20_000 }, () => request('lock.list', { namespace: 'production' })),
  )
  slow.write(lists)
  t.ok(await session.owner('ana').lock('meanwhile'))
  await until('the slow reader is cut off', async () => (await cluster.status(1)).connections === connections)
  t.ok(await session.owner('ana').lock('afterwards'))
  slow.close()
})
