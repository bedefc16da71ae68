import { readFileSync } from 'node:fs'
import t from 'tap'
import {
  defaultLimits,
  openAdmin,
  systemClock,
  type Transport,
  tlsTransport,
  type WireHandlers,
} from '../src/index.ts'
import { Link, type LinkOwner } from '../src/link.ts'
import { resolveConnectOptions } from '../src/options.ts'

/** A network of which all that is written is kept. */
function readable(isPlain: boolean) {
  const written: Buffer[] = []
  const opened: WireHandlers[] = []
  const transport: Transport = {
    isPlain,
    dial(_address, handlers) {
      opened.push(handlers)
      const write = (bytes: Buffer) => void written.push(Buffer.from(bytes))
      return { backlog: 0, write, close: () => undefined }
    },
  }
  return { transport, written, opened }
}

function linkTo(address: string, transport: Transport) {
  const errors: Error[] = []
  const owner = { onClosed: (_link: Link, error: Error) => errors.push(error), onHeard: () => undefined }
  const hello = { client: 'test', auth: 'tranca-secret' }
  const link = new Link(owner as unknown as LinkOwner, {
    address,
    transport,
    clock: systemClock,
    hello,
    limits: defaultLimits,
  })
  return { link, errors }
}

t.test('a token is refused for an address of another machine without TLS', async (t) => {
  for (const address of ['10.0.0.1:5555', 'erp.example.com', '127.example.com:5555', '[fd00::1]:5555']) {
    t.throws(() => openAdmin(address, { auth: 'tranca-secret' }), {
      name: 'RangeError',
      message: /without tls/,
    })
  }
  for (const addresses of ['127.0.0.1:5555', 'localhost', '[::1]:5555']) {
    t.equal(resolveConnectOptions({ addresses, auth: 'tranca-secret' }).hello.auth, 'tranca-secret')
  }
  t.ok(resolveConnectOptions({ addresses: '10.0.0.1', auth: 'tranca-secret', tls: {} }))
})

t.test('a node that names another address gets no token sent there in plain text', async (t) => {
  for (const [address, isPlain, leaves] of [
    ['10.0.0.9:5555', true, false],
    ['127.0.0.1:5555', true, true],
    ['10.0.0.9:5555', false, true],
  ] as const) {
    const { transport, written, opened } = readable(isPlain)
    const { link, errors } = linkTo(address, transport)
    opened[0]!.onOpen()
    await new Promise((resolve) => setImmediate(resolve))
    const sent = Buffer.concat(written)
    t.equal(sent.includes('tranca-secret'), leaves, `${address}, plain: ${isPlain}`)
    if (!leaves) t.match(errors[0]?.message, /a token is not sent without TLS/)
    link.close()
  }
})

t.test('a token that is too long is refused without being quoted', async (t) => {
  const auth = `secret${'x'.repeat(4_096)}`
  const error = t.throws(() => openAdmin('127.0.0.1', { auth })) as unknown as Error
  t.equal(error.name, 'RangeError')
  t.notMatch(error.message, /secret/)
})

t.test('a plain connection that is closed at hello says what may be the matter', async (t) => {
  const { transport, opened } = readable(true)
  const { errors } = linkTo('127.0.0.1:5555', transport)
  opened[0]!.onOpen()
  opened[0]!.onClose(undefined)
  t.match(errors[0]?.message, /may expect TLS/)
})

t.test('certificates that cannot be used are refused at once, and not quoted', async (t) => {
  const noise = 'x'.repeat(30) + readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  for (const options of [{ ca: noise, cert: noise, key: noise }, { cert: noise }, { key: noise }]) {
    const error = t.throws(() => tlsTransport(options)) as unknown as Error
    t.equal(error.name, 'RangeError')
    t.notMatch(error.message, /xxxx/)
  }
})
