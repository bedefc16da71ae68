import { Buffer } from 'node:buffer'
import type { LedgerEvent } from '@tranca/ledger'
import {
  decodeServerFrame,
  encodeRequest,
  FrameReader,
  type OperationName,
  operations,
  versions,
  Writer,
} from '@tranca/protocol'
import { pino } from 'pino'
import { ClientHub, type ClientServices } from '../src/clients/client-hub.ts'
import { WatchHub } from '../src/clients/watch-hub.ts'
import { Access } from '../src/security/access.ts'
import { type FakeStream, FakeTransport } from './fake-transport.ts'
import { VirtualClock } from './virtual-clock.ts'

export const hi = { client: 'someone', ...versions, features: [] }

/** A hub of clients without a replica, whose streams end in the test. */
export async function hub() {
  const clock = new VirtualClock()
  const transport = new FakeTransport()
  const none = () => {}
  const members: string[] = []
  const services: ClientServices = {
    identity: () => ({
      cluster: 'test',
      node: 1,
      name: 'n1',
      role: 'follower',
      software: '0',
      draining: false,
    }),
    leader: () => undefined,
    memberAddresses: () => members,
    // About 200 KB.
    status: () => ({ ...operations.status.exampleResult.status, name: 'x'.repeat(200_000) }),
    health: () => operations.health.exampleResult.health,
    admin: async () => ({ ok: true, value: {} }),
    sessionHeard: none,
    sessionOpened: none,
    readsServed: none,
    licenseDenied: none,
    helloDenied: none,
  }
  const logger = pino({ level: 'silent' })
  const access = new Access({ cluster: 'test', tls: undefined, access: { tokens: [], revoked: [] } })
  const watches = new WatchHub<LedgerEvent>(0)
  const one = new ClientHub({ replica: () => undefined, services, watches, clock, transport, access, logger })
  await one.listen('')
  return { clock, transport, hub: one, members }
}

export function request(name: OperationName, fields: object, id = 7): Buffer {
  const writer = new Writer()
  encodeRequest(writer, name, id, [], fields as never)
  return Buffer.from(writer.take())
}

/** What the stream has brought so far. */
export function answers(stream: FakeStream, name: OperationName) {
  const frames = new FrameReader({ frameSizeMax: 64 * 1024 * 1024 })
  frames.feed(stream.read())
  const found = []
  for (let body = frames.next(); body !== undefined; body = frames.next()) {
    found.push(decodeServerFrame(body, () => operations[name]))
  }
  return found
}
