import { pino } from 'pino'
import t from 'tap'
import { FrameKind, PeerFrameReader, peerFrame } from '../src/peers/frames.ts'
import { decodeHello, encodeGreeting, type Hello, PEER_VERSION, type Welcome } from '../src/peers/greeting.ts'
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
const memory = { starts: 0, run: '', lastIndex: 0, founders: [] }

/** A hub of node 1 whose standing the test sets. */
function openHub() {
  const transport = new FakeTransport()
  const own = { standing: self.standing }
  const welcomes: number[] = []
  const none = () => {}
  const hub = new PeerHub({
    self: 1,
    transport,
    clock: new VirtualClock(),
    logger: pino({ level: 'silent' }),
    prove: none,
    handlers: {
      hello: () => ({ ...self, ...own }),
      onHello: () => memory,
      onWelcome: (welcome) => welcomes.push(welcome.self.id),
      onRaft: none,
      onDigest: none,
      onSnapshotStream: () => none,
      onGone: none,
    },
  })
  return { hub, transport, own, welcomes }
}

t.test('a standing that changes before the other side has answered is told as well', async (t) => {
  const { hub, transport, own } = openHub()
  hub.setPeers(new Map([2, 3].map((id) => [id, `n${id}:1`])))
  const [second, third] = transport.dialed
  second!.open()
  own.standing = 'joining'
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

t.test('a node that is not in the address book', async (t) => {
  const hello: Hello = { ...self, id: 4, name: 'n4', peer: 'n4:1', run: 'run 4' }
  const answer = peerFrame(FrameKind.welcome, encodeGreeting({ self: hello, memory } satisfies Welcome))
  const say = (hub: PeerHub) => hub.send(4, FrameKind.raft, [[Buffer.from('x')]])

  const greetedBy = async (peer: string) => {
    const opened = openHub()
    await opened.hub.listen('n1:1')
    opened.hub.setPeers(new Map([[2, 'n2:1']]))
    const inbound = opened.transport.connect()
    inbound.onData!(peerFrame(FrameKind.hello, encodeGreeting({ ...hello, peer })))
    return { ...opened, inbound, guest: opened.transport.dialed[1] }
  }

  await t.test('gets answers as long as it is connected: it may be a leader of later days', async (t) => {
    const { hub, inbound, guest, welcomes } = await greetedBy('n4:1')
    t.equal(guest?.address, 'n4:1')
    guest!.open()
    guest!.stream.onData!(answer)
    t.ok(say(hub))
    hub.setPeers(new Map([[2, 'n2:1']]))
    t.ok(say(hub), 'an address book that does not know it either changes nothing')
    t.same(welcomes, [4], 'what it remembers of this node is heard')
    inbound.close()
    t.notOk(say(hub))
    t.ok(guest!.stream.isClosed)
  })

  await t.test('that is entered stays', async (t) => {
    const { hub, transport, inbound, guest } = await greetedBy('n4:1')
    guest!.open()
    guest!.stream.onData!(answer)
    hub.setPeers(new Map([2, 4].map((id) => [id, `n${id}:1`])))
    inbound.close()
    t.ok(say(hub))
    t.equal(transport.dialed.length, 2)
    hub.setPeers(new Map([[2, 'n2:1']]))
    t.notOk(say(hub), 'removed')
  })

  await t.test('is not called back where no address can be', async (t) => {
    const { inbound, guest } = await greetedBy('nowhere')
    t.ok(inbound.isClosed)
    t.equal(guest, undefined)
  })
})
