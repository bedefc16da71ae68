import { pino } from 'pino'
import t from 'tap'
import { FrameKind, PeerFrameReader } from '../src/peers/frames.ts'
import { decodeHello, type Hello, PEER_VERSION } from '../src/peers/greeting.ts'
import { PeerHub } from '../src/peers/peer-hub.ts'
import { type FakeStream, FakeTransport } from './fake-transport.ts'
import { VirtualClock } from './virtual-clock.ts'

function hellosIn(stream: FakeStream): Hello[] {
  const hellos: Hello[] = []
  new PeerFrameReader().read(stream.read(), (kind, body) => {
    if (kind === FrameKind.hello) hellos.push(decodeHello(body))
  })
  return hellos
}

t.test('a standing that changes before the other side has answered is told as well', async (t) => {
  const transport = new FakeTransport()
  const none = () => {}
  const self: Hello = {
    version: PEER_VERSION,
    cluster: 'test',
    id: 1,
    name: 'n1',
    peer: 'n1:1',
    client: 'n1:2',
    standing: 'member',
    starts: 1,
    run: 'run',
    lastIndex: 0,
    founders: 'f',
  }
  const book = new Map<number, string>()
  let standing: Hello['standing'] = 'member'
  const hub = new PeerHub({
    self: 1,
    transport,
    clock: new VirtualClock(),
    logger: pino({ level: 'silent' }),
    prove: none,
    handlers: {
      hello: () => ({ ...self, standing }),
      onHello: () => ({ starts: 0, run: '', lastIndex: 0, founder: false }),
      onWelcome: none,
      onRaft: none,
      onDigest: none,
      onSnapshotStream: () => none,
      onGone: none,
    },
  })
  for (const id of [2, 3]) book.set(id, `n${id}:1`)
  hub.setPeers(book)
  const [second, third] = transport.dialed
  second!.open()
  standing = 'joining'
  hub.greetAgain()
  third!.open()
  t.same(
    hellosIn(second!.stream).map((hello) => hello.standing),
    ['member', 'joining'],
  )
  t.same(
    hellosIn(third!.stream).map((hello) => hello.standing),
    ['joining'],
    'once, and only when the connection stands',
  )
})
