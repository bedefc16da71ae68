import type { AddressInfo } from 'node:net'
import net from 'node:net'
import {
  decodeRequest,
  encodeOk,
  encodePing,
  FrameReader,
  type OperationName,
  operationList,
  Writer,
} from '@tranca/protocol'
import t, { type Test } from 'tap'
import { BadAnswerError, connect, DeadlineError, openAdmin, systemClock, TrancaError } from '../src/index.ts'
import { FakeCluster } from './fake-cluster.ts'
import { serve } from './served.ts'

/** What a socket may do to a client: called for each connection. */
type Hostility = (socket: net.Socket) => void

const deadlineMs = 700
/** Above what a test program needs by itself. */
const growthMax = 96 * 1024 * 1024

async function hostile(t: Test, act: Hostility): Promise<string> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    act(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Writes the same bytes for as long as they are taken. */
function flood(socket: net.Socket, bytes: Buffer): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(bytes));
  }
  socket.on('drain', more)
  more()
}

const frame = (body: Buffer): Buffer => {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}
const pings = (): Buffer => {
  const writer = new Writer()
  for (let nonce = 1; nonce <= 1_000; nonce++) encodePing(writer, nonce)
  return Buffer.from(writer.take())
}

/** Before a word of hello was understood. */
const strangers: Readonly<Record<string, Hostility>> = {
  'closes at once': (socket) => socket.destroy(),
  'never answers': (socket) => void socket.resume(),
  'never reads': (socket) => void socket.pause(),
  'sends random bytes': (socket) => flood(socket, Buffer.alloc(65_536, 'a7Zq\x93\xff\x01')),
  'speaks HTTP': (socket) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
  'announces a frame of 4 GB, and sends it': (socket) => flood(socket, Buffer.alloc(65_536, 0xff)),
  'announces a frame of 1 MB, and sends a byte of it': (socket) =>
    socket.write(Buffer.from([0x00, 0x0f, 0xff, 0xff, 0x95])),
  'sends empty frames for ever': (socket) => flood(socket, Buffer.alloc(65_536)),
  'sends nested arrays': (socket) => socket.write(frame(Buffer.alloc(200_000, 0x91))),
  'sends pings for ever': (socket) => flood(socket, pings()),
  'answers to requests that nobody made': (socket) => {
    const writer = new Writer()
    for (let id = 1; id <= 500; id++) encodeOk(writer, 'session.open', id, exampleOf('session.open') as never)
    flood(socket, Buffer.from(writer.take()))
  },
}

for (const [name, act] of Object.entries(strangers)) {
  await t.test(`a server that ${name}: a typed error in time, and the next address is used`, async (t) => {
    const address = await hostile(t, act)
    const before = process.memoryUsage().rss
    const startMs = performance.now()
    const options = { addresses: [address], namespace: 'test', deadlineMs }
    await t.rejects(connect(options), DeadlineError)
    const admin = openAdmin([address], { deadlineMs })
    await t.rejects(admin.request({ op: 'member.list' }), DeadlineError)
    const asked = await admin.ask(address, 'status', { deadlineMs }).catch((error: unknown) => error)
    t.ok(asked instanceof TrancaError, String(asked))
    await admin.close()
    t.ok(performance.now() - startMs < 20_000, 'no hang')
    t.ok(process.memoryUsage().rss - before < growthMax, 'no growth')

    const cluster = new FakeCluster(systemClock)
    const servers = await Promise.all(cluster.nodes.map(serve))
    t.teardown(() => {
      cluster.close()
      for (const server of servers) server.close()
    })
    const session = await connect({
      ...options,
      addresses: [address, ...cluster.addresses],
      deadlineMs: 20_000,
    })
    const lock = await session.owner('u').lock('a')
    await lock.release()
    await session.close()
    t.equal(cluster.ledger.sessions.size, 0)
  })
}

function exampleOf(op: string): unknown {
  return operationList.find(({ name }) => name === op)!.exampleResult
}

/** A server that says it leads and opens sessions; everything else is answered by `act`. */
function leading(act: (socket: net.Socket, request: { op: OperationName; id: number }) => void): Hostility {
  return (socket) => {
    const frames = new FrameReader()
    socket.on('data', (chunk) => {
      frames.feed(Buffer.from(chunk as Buffer))
      for (let body = frames.next(); body !== undefined; body = frames.next()) {
        const request = decodeRequest(body)
        if (!('operation' in request)) continue
        const { id } = request
        const op = request.operation.op as OperationName
        const writer = new Writer()
        if (op === 'hello') {
          const { welcome } = exampleOf('hello') as { welcome: object }
          const leader = { node: 2, address: `127.0.0.1:${socket.localPort}`, name: 'n2' }
          encodeOk(writer, 'hello', id, { welcome: { ...welcome, role: 'leader', leader } } as never)
        } else if (op === 'session.open') encodeOk(writer, op, id, exampleOf(op) as never)
        if (writer.size > 0) socket.write(Buffer.from(writer.take()))
        else act(socket, { op, id })
      }
    })
  }
}

/** What became of a request to a server that leads and misbehaves. */
async function asked(t: Test, act: Parameters<typeof leading>[0]): Promise<unknown> {
  const address = await hostile(t, leading(act))
  const session = await connect({ addresses: [address], namespace: 'test', deadlineMs: 5_000 })
  const before = process.memoryUsage().rss
  const outcome = await session
    .owner('u')
    .lock('a', { deadlineMs })
    .catch((error: unknown) => error)
  t.ok(process.memoryUsage().rss - before < growthMax, 'no growth')
  await session.close({ deadlineMs: 100 }).catch(() => undefined)
  return outcome
}

await t.test('an answer of another shape than was asked for is an error of that request', async (t) => {
  const outcome = await asked(t, (socket, { op, id }) => {
    if (op !== 'lock.acquire') return
    const writer = new Writer()
    encodeOk(writer, 'sequence.next', id, exampleOf('sequence.next') as never)
    socket.write(Buffer.from(writer.take()))
  })
  t.type(outcome, BadAnswerError)
})

await t.test('answers under wrong numbers are no answer', async (t) => {
  const outcome = await asked(t, (socket, { op, id }) => {
    if (op !== 'lock.acquire') return
    const writer = new Writer()
    for (const other of [id + 1, id + 1_000, 2 ** 40]) {
      encodeOk(writer, 'lock.acquire', other, exampleOf('lock.acquire') as never)
    }
    socket.write(Buffer.from(writer.take()))
  })
  t.ok(outcome instanceof TrancaError, String(outcome))
  t.notOk(outcome instanceof BadAnswerError)
})

await t.test('an answer that comes a thousand times counts once', async (t) => {
  const outcome = await asked(t, (socket, { op, id }) => {
    if (op !== 'lock.acquire') return
    const writer = new Writer()
    for (let times = 0; times < 1_000; times++) {
      encodeOk(writer, 'lock.acquire', id, exampleOf('lock.acquire') as never)
    }
    socket.write(Buffer.from(writer.take()))
  })
  t.match(outcome, { token: Number })
})

await t.test(
  'a leader that answers with garbage is left, and the request ends by its deadline',
  async (t) => {
    for (const bytes of [
      Buffer.alloc(65_536, 0xff),
      Buffer.from('HTTP/1.1 200 OK\r\n\r\n'),
      frame(Buffer.from([0xc1])),
    ]) {
      const outcome = await asked(t, (socket) => socket.write(bytes))
      t.ok(outcome instanceof TrancaError, String(outcome))
    }
  },
)

await t.test('a leader that floods with answers and events nobody asked for takes no memory', async (t) => {
  const writer = new Writer()
  for (let id = 100; id < 600; id++) encodeOk(writer, 'lock.acquire', id, exampleOf('lock.acquire') as never)
  const bytes = Buffer.concat([Buffer.from(writer.take()), pings()])
  const outcome = await asked(t, (socket, { op }) => {
    if (op === 'lock.acquire') flood(socket, bytes)
  })
  t.ok(outcome instanceof TrancaError, String(outcome))
})
