import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, Socket } from 'node:net'
import t, { type Test } from 'tap'
import { adopt } from '../src/environment/own-reads.ts'
import { type Stream, tcpTransport } from '../src/environment/transport.ts'

/** A listener on a free port whose next stream can be waited for. */
async function listening(t: Test): Promise<{ port: number; accepted: () => Promise<Stream> }> {
  const streams: Stream[] = []
  const waiting: ((stream: Stream) => void)[] = []
  const listener = await tcpTransport.listen('127.0.0.1:0', (stream) => {
    const wake = waiting.shift()
    if (wake === undefined) streams.push(stream)
    else wake(stream)
  })
  t.teardown(() => listener.close())
  const accepted = async (): Promise<Stream> =>
    streams.shift() ?? new Promise((resolve) => waiting.push(resolve))
  return { port: listener.port, accepted }
}

/** What comes, until it is as much as that. */
function received(stream: Stream, size: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let missing = size
  return new Promise((resolve) => {
    stream.onData = (chunk) => {
      chunks.push(chunk)
      missing -= chunk.length
      if (missing <= 0) resolve(Buffer.concat(chunks))
    }
  })
}

const closed = (stream: Stream): Promise<string> =>
  new Promise((resolve) => {
    stream.onClose = resolve
  })

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

t.test('this version of Node lets an accepted connection read into a buffer of ours', async (t) => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = connect(port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  const chunk = await new Promise<Buffer>((resolve) => {
    const socket = adopt(accepted, resolve)
    t.ok(socket, 'else every read of a client allocates 64 KiB')
    client.write('hello')
    t.teardown(() => socket?.destroy())
  })
  t.equal(chunk.toString(), 'hello')
  const ended = once(server, 'close')
  server.close()
  client.destroy()
  await ended
})

t.test('a socket without what is needed is left alone', async (t) => {
  const socket = new Socket()
  t.equal(
    adopt(socket, () => undefined),
    undefined,
  )
  t.equal(socket.destroyed, false)
})

t.test('streams that share the buffer keep their bytes apart, whatever their pieces', async (t) => {
  const { port, accepted } = await listening(t)
  const sizes = [300_000, 1_000_000, 65_536, 65_537, 17, 4_096]
  const pairs = []
  for (const size of sizes) {
    const dialed = tcpTransport.dial(`127.0.0.1:${port}`, () => undefined)
    t.teardown(() => dialed.close())
    pairs.push({ dialed, answering: await accepted(), sent: randomBytes(size), back: randomBytes(size) })
  }
  const arrived = pairs.map(({ answering, sent }) => received(answering, sent.length))
  const returned = pairs.map(({ dialed, back }) => received(dialed, back.length))
  for (let from = 0; from < 1_000_000; from += 50_000) {
    for (const { dialed, answering, sent, back } of pairs) {
      dialed.write(sent.subarray(from, from + 50_000))
      answering.write(back.subarray(from, from + 50_000))
    }
  }
  t.same(
    (await Promise.all(arrived)).map(digest),
    pairs.map(({ sent }) => digest(sent)),
  )
  t.same(
    (await Promise.all(returned)).map(digest),
    pairs.map(({ back }) => digest(back)),
  )
})

t.test('a stream that is paused brings nothing until it is resumed', async (t) => {
  const { port, accepted } = await listening(t)
  const dialed = tcpTransport.dial(`127.0.0.1:${port}`, () => undefined)
  t.teardown(() => dialed.close())
  const answering = await accepted()
  answering.pause()
  answering.onData = () => t.fail('it is paused')
  dialed.write(Buffer.from('one'))
  // Another connection's bytes, sent later, have come: those would have, too.
  const other = tcpTransport.dial(`127.0.0.1:${port}`, () => undefined)
  t.teardown(() => other.close())
  const witness = await accepted()
  const seen = received(witness, 3)
  other.write(Buffer.from('two'))
  await seen
  const came = received(answering, 3)
  answering.resume()
  t.equal((await came).toString(), 'one')
})

t.test('the end of a connection is told with what the system says of it', async (t) => {
  const { port, accepted } = await listening(t)
  const orderly = connect(port, '127.0.0.1')
  const first = closed(await accepted())
  orderly.end()
  t.equal(await first, '')
  const rude = connect(port, '127.0.0.1')
  const second = closed(await accepted())
  rude.resetAndDestroy()
  t.equal(await second, 'ECONNRESET')
})

t.test('a listener closes with the connections that are open', async (t) => {
  const listener = await tcpTransport.listen('127.0.0.1:0', () => undefined)
  const dialed = [1, 2, 3].map(() => tcpTransport.dial(`127.0.0.1:${listener.port}`, () => undefined))
  const ends = dialed.map(closed)
  await Promise.all(
    dialed.map(
      (stream) =>
        new Promise((resolve) => {
          stream.onDrain = () => resolve(undefined)
          stream.write(Buffer.alloc(100_000))
        }),
    ),
  )
  await listener.close()
  await Promise.all(ends)
  t.pass('all of them')
})
