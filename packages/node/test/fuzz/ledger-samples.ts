import { type ClientCommand, Ledger, type RowEntry } from '@tranca/ledger'
import { decodeOperation, encodeRequest, operationList, Writer } from '@tranca/protocol'
import { checkKeyFile } from '../../src/licenses/key-desk.ts'
import { type BatchItem, encodeBatch } from '../../src/replica/batch.ts'
import { internalBytes } from '../../src/replica/internal-bytes.ts'
import { keyFileSample, vendorPublicKey, wallMs } from './license-samples.ts'

const sink = { answer: () => undefined, event: () => undefined }

export function restored(rows: Iterable<RowEntry>): Ledger {
  return Ledger.restore(rows, { sink })
}

/** Requests of every kind that goes through the log, as their clients would send them. */
const requests: readonly Uint8Array[] = operationList.flatMap((one, at) => {
  const writer = new Writer()
  encodeRequest(writer, one.name as 'status', at + 1, [], one.example as object)
  const bytes = Uint8Array.from(writer.take().subarray(4))
  return decodeOperation(bytes).kind === 'command' ? [bytes] : []
})

const items: readonly BatchItem[] = [
  { kind: 'internal', bytes: internalBytes({ op: 'leader.start', node: 1 }) },
  {
    kind: 'internal',
    bytes: internalBytes({ op: 'member.set', id: 1, name: 'n1', peer: '127.0.0.1:1', client: '127.0.0.1:2' }),
  },
  {
    kind: 'internal',
    bytes: internalBytes({ op: 'member.seen', marks: [{ id: 1, starts: 2, run: 'r', lastIndex: 9 }] }),
  },
  { kind: 'internal', bytes: internalBytes({ op: 'session.expire', session: 9, generation: 1, term: 1 }) },
  ...requests.map((bytes): BatchItem => ({ kind: 'client', session: 1, generation: 1, bytes })),
]

/** An entry with one item of each kind, and each of them alone. */
export const entrySamples: readonly Buffer[] = [
  { from: 0, to: items.length },
  ...items.map((_item, from) => ({ from, to: from + 1 })),
].map((range) => encodeBatch(items, range, { timeMs: 2_000, wallMs }))

/** Requests that would leave nothing to restore. */
const ending = new Set([
  'session.open',
  'session.resume',
  'session.close',
  'owner.release',
  'code.releaseAll',
])

/** The rows of a ledger in which a little of everything is going on. */
export const busyRows: readonly RowEntry[] = makeRows()

function makeRows(): RowEntry[] {
  const ledger = new Ledger({ sink })
  ledger.begin({ index: 1, term: 1, timeMs: 1_000, wallMs })
  ledger.applyInternal({ op: 'leader.start', node: 1 })
  ledger.applyInternal({ op: 'member.set', id: 1, name: 'n1', peer: '127.0.0.1:1', client: '127.0.0.1:2' })
  for (const [at, client] of ['a', 'b'].entries()) {
    ledger.apply({
      session: 0,
      generation: 0,
      id: 1,
      acks: [],
      operation: {
        op: 'session.open',
        key: new Uint8Array(16).fill(at),
        namespace: 'production',
        client,
        installation: 'production',
        ttlMs: 30_000,
        lockDelayMs: 1_000,
        codesMax: 20,
      },
    })
  }
  const key = checkKeyFile(keyFileSample, {
    publicKeyPem: vendorPublicKey,
    keyId: '',
    installationId: undefined,
  })
  if (!key.ok) throw new Error(`the sample key is refused: ${key.cause}`)
  ledger.applyInternal(key.command)
  const ids = [0, 0, 0]
  const act = (session: 1 | 2, operation: ClientCommand['operation']): void => {
    ids[session]! += 1
    ledger.apply({ session, generation: 1, id: ids[session]!, acks: [], operation })
  }
  const lock = (name: string, waitMs: number) =>
    ({ op: 'lock.acquire', owner: 'u', locks: [{ name, mode: 'exclusive' }], waitMs, priority: 0 }) as const
  act(1, lock('A', 0))
  act(1, lock('B', 0))
  act(2, lock('A', 9_000))
  act(1, { op: 'semaphore.set', name: 'S', total: 2 })
  act(1, { op: 'semaphore.acquire', owner: 'u', name: 'S', permits: 2, waitMs: 0 })
  act(2, { op: 'semaphore.acquire', owner: 'u', name: 'S', permits: 2, waitMs: 9_000 })
  act(1, {
    op: 'license.checkout',
    owner: 'u',
    feature: '',
    product: 4000,
    user: 'ana',
    group: '01',
    company: '',
    host: 'h',
    units: 1,
    mode: 'use',
    waitMs: 0,
    priority: 0,
  })
  act(1, { op: 'code.reserve', owner: 'u', code: 'k' })
  for (const bytes of requests) {
    const decoded = decodeOperation(bytes)
    if (decoded.kind !== 'command' || ending.has(decoded.operation.op)) continue
    act(1, decoded.operation as ClientCommand['operation'])
  }
  return [...ledger.rows()].map(({ key, value }) => ({ key, value: JSON.parse(JSON.stringify(value)) }))
}
