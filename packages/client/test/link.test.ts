import { decodeRequest, encodeOk, encodePing, FrameReader, operations, Writer } from '@tranca/protocol'
import t from 'tap'
import { ConnectionError, systemClock, type WireHandlers } from '../src/index.ts'
import { Link, type LinkOwner } from '../src/link.ts'

const limits = { socketSizeMax: 1_000, unsentSizeMax: 10_000 }

/** A ready connection whose socket is the test's. */
async function ready() {
  const written: Buffer[] = []
  let handlers: WireHandlers | undefined
  const wire = { backlog: 0, isClosed: false }
  const failures: Error[] = []
  const none = () => undefined
  const owner: LinkOwner = {
    onReady: none,
    onNews: none,
    onHeard: none,
    onAnswer: none,
    onEvent: none,
    operationOf: none,
    onClosed: (_link, error) => failures.push(error),
  }
  const link = new Link(owner, {
    address: 'n1:5555',
    clock: systemClock,
    hello: { client: 'test', auth: undefined },
    limits,
    transport: {
      dial: (_address, given) => {
        handlers = given
        return {
          get backlog() {
            return wire.backlog
          },
          write: (bytes) => written.push(Buffer.from(bytes)),
          close: () => {
            wire.isClosed = true
          },
        }
      },
    },
  })
  const writer = new Writer()
  const receive = () => handlers!.onData(writer.take())
  handlers!.onOpen()
  encodeOk(writer, 'hello', 0, operations.hello.exampleResult)
  receive()
  /** What left since the last call, at the end of this turn. */
  const sent = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    const frames = new FrameReader()
    frames.feed(Buffer.concat(written.splice(0)))
    const found = []
    for (let body = frames.next(); body !== undefined; body = frames.next()) found.push(decodeRequest(body))
    return found
  }
  await sent()
  const ping = (count: number) => {
    for (let nonce = 1; nonce <= count; nonce++) encodePing(writer, nonce)
    receive()
  }
  return { link, wire, failures, sent, ping, drain: () => handlers!.onDrain() }
}

await t.test('of all pings of a turn the last one gets a pong', async (t) => {
  const { ping, sent } = await ready()
  ping(1_000)
  ping(77)
  t.same(await sent(), [{ kind: 'pong', nonce: 77 }])
  t.same(await sent(), [])
})

await t.test(
  'a node that sends pings and reads nothing costs no memory, and gets its pong later',
  async (t) => {
    const { link, wire, ping, sent, drain } = await ready()
    wire.backlog = limits.socketSizeMax + 1
    for (let turn = 0; turn < 3_000; turn++) {
      ping(5)
      if (turn % 500 === 0) t.same(await sent(), [])
    }
    t.equal(link.status, 'ready')
    wire.backlog = 0
    drain()
    t.same(await sent(), [{ kind: 'pong', nonce: 5 }])
  },
)

await t.test('requests gather behind a full socket and leave in one piece', async (t) => {
  const { link, wire, sent, drain } = await ready()
  wire.backlog = limits.socketSizeMax + 1
  for (let id = 1; id <= 3; id++) {
    link.send(id, [], { op: 'session.get', session: 1 })
    t.same(await sent(), [])
  }
  wire.backlog = 0
  drain()
  t.match(await sent(), [{ id: 1 }, { id: 2 }, { id: 3 }])
})

await t.test('a node that never reads is left, with an error that says so', async (t) => {
  const { link, wire, failures, sent } = await ready()
  wire.backlog = limits.socketSizeMax + 1
  let turns = 0
  for (; link.status === 'ready' && turns < 10_000; turns++) {
    link.send(turns + 1, [], { op: 'lock.get', namespace: 'test', name: 'x'.repeat(400) })
    await sent()
  }
  t.ok(wire.isClosed)
  t.ok(turns < 30, `${turns} turns`)
  t.match(failures, [ConnectionError])
  t.match(failures[0]?.message, /more than 10000 bytes are unsent: the node does not read/)
})

await t.test('a turn that asks for much at once is sent, whatever its size', async (t) => {
  const { link, sent } = await ready()
  for (let id = 1; id <= 100; id++) {
    link.send(id, [], { op: 'lock.get', namespace: 'test', name: 'x'.repeat(400) })
  }
  t.equal((await sent()).length, 100)
  t.equal(link.status, 'ready')
})
