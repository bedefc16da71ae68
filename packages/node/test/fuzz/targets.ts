import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { parseKeyFile, verifyBorrowToken, verifyKey } from '@tranca/license-key'
import {
  decodeRequest,
  decodeServerFrame,
  encodeEvent,
  encodeOk,
  encodeRefused,
  encodeRequest,
  FrameReader,
  operationList,
  operations,
  ProtocolError,
  Writer,
} from '@tranca/protocol'
import {
  diskStores,
  MemoryDisk,
  type NodeStorage,
  openNodeStorage,
  StorageError,
  StorageRefusal,
} from '@tranca/storage'
import { FrameKind, PeerFrameReader, peerFrame } from '../../src/peers/frames.ts'
import {
  decodeHello,
  decodeWelcome,
  encodeGreeting,
  type Hello,
  PEER_VERSION,
} from '../../src/peers/greeting.ts'
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from '../../src/peers/raft-codec.ts'
import { decodeDigest, encodeDigest } from '../../src/replica/digests.ts'
import { ledgerRows, logEntries } from './ledger-targets.ts'
import {
  borrowTokenSample,
  installationPublicKey,
  keyFileSample,
  vendorPublicKey,
  wallMs,
} from './license-samples.ts'
import { Refused, type Target } from './target.ts'

const clientRequests: Target = {
  name: 'client-requests',
  testRuns: 20_000,
  async samples() {
    return operationList.map((one) => {
      const writer = new Writer()
      encodeRequest(writer, one.name as 'status', 5, [1], one.example as object)
      return Buffer.from(writer.take())
    })
  },
  feed: (bytes) => eachFrame(bytes, (body) => mustBeReadable(decodeRequest(body).kind)),
  isExpected: (error) => error instanceof ProtocolError || error instanceof Refused,
}

const serverAnswers: Target = {
  name: 'server-answers',
  testRuns: 20_000,
  async samples() {
    const writer = new Writer()
    const answers = operationList.map((one) => {
      encodeOk(writer, one.name as 'status', 5, one.exampleResult as never)
      return Buffer.from(writer.take())
    })
    encodeRefused(writer, 5, 'held', { holders: [{ owner: 'ana' }] })
    encodeEvent(writer, { event: 'sessionLost', session: 5, reason: 'expired' })
    return [...answers, Buffer.from(writer.take())]
  },
  feed(bytes) {
    const asked = operationList[bytes.length % operationList.length]!
    eachFrame(bytes, (body) => mustBeReadable(decodeServerFrame(body, () => operations[asked.name]).kind))
  },
  isExpected: (error) => error instanceof ProtocolError || error instanceof Refused,
}

function mustBeReadable(kind: string): void {
  if (kind === 'unreadable') throw new Refused()
}

function eachFrame(bytes: Buffer, eat: (body: Buffer) => void): void {
  const frames = new FrameReader()
  frames.feed(bytes)
  for (let body = frames.next(); body !== undefined; body = frames.next()) eat(body)
}

const self: Hello = {
  version: PEER_VERSION,
  cluster: 'test',
  id: 2,
  name: 'n2',
  peer: 'n2:1',
  client: 'n2:2',
  standing: 'member',
  starts: 1,
  run: 'run-2',
  lastIndex: 9,
  founders: 'f',
}
const memory = { starts: 1, run: 'run-1', lastIndex: 9, founders: [] }
const envelope = { from: 1, to: 2, term: 3 }
const messages: readonly PeerMessage[] = [
  { type: 'vote', ...envelope, index: 9, logTerm: 2, transfer: false },
  { type: 'appendResponse', ...envelope, index: 9, reject: true, rejectHint: 4, logTerm: 2 },
  { type: 'heartbeat', ...envelope, commit: 9, context: '3.1' },
  {
    type: 'append',
    ...envelope,
    index: 9,
    logTerm: 2,
    commit: 9,
    entries: [
      { index: 10, term: 3, type: 'normal', data: Buffer.from('abc') },
      { index: 11, term: 3, type: 'confChangeV2', data: Buffer.alloc(0) },
    ],
  },
]

const peerFramesTarget: Target = {
  name: 'peer-frames',
  testRuns: 20_000,
  samples: async () => [
    peerFrame(FrameKind.hello, encodeGreeting(self)),
    peerFrame(FrameKind.welcome, encodeGreeting({ self, memory })),
    peerFrame(FrameKind.digest, encodeDigest(5, 'd'.repeat(32))),
    ...messages.map((one) => peerFrame(FrameKind.raft, Buffer.concat(encodePeerMessage(one)))),
  ],
  feed(bytes) {
    new PeerFrameReader().read(bytes, (kind, body) => {
      if (kind === FrameKind.hello) decodeHello(body)
      else if (kind === FrameKind.welcome) decodeWelcome(body)
      else if (kind === FrameKind.raft) decodePeerMessage(body)
      else if (kind === FrameKind.digest) decodeDigest(body)
    })
  },
  // The hub closes the connection on whatever is thrown; a broken invariant would not be one of these.
  isExpected: (error) =>
    error instanceof Error && error.name !== 'AssertionError' && !(error instanceof TypeError),
}

const confState = { voters: [1, 2, 3], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }
const storageOptions = {
  directory: 'd',
  clusterId: 'c',
  nodeId: '1',
  initial: { index: 0, term: 0, confState },
}
const tiny = { segmentSize: 4096, tailBytesMax: 0, tailEntriesMax: 3, chunkSize: 64, rowSizeMax: 4096 }

function openOn(disk: MemoryDisk): Promise<NodeStorage> {
  return openNodeStorage({ ...storageOptions, disk, stores: diskStores(disk), limits: tiny })
}

/** A small directory that a node left when it was killed. */
async function directory(): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  const storage = await openOn(disk)
  await storage.log.append({ hardState: { term: 1, vote: 1, commit: 0 } })
  for (let index = 1; index < 12; index++) {
    const entry = { index, term: 1, type: 'normal' as const, data: Buffer.alloc(20, index) }
    await storage.log.append({ hardState: { term: 1, vote: 1, commit: index - 1 }, entries: [entry] })
  }
  const rows = Array.from({ length: 6 }, (_, i) => ({ key: `row/${i}`, value: { n: i, name: `row ${i}` } }))
  await storage.checkpoint(rows, { index: 8, term: 1, confState })
  return disk.clone()
}

const prepared = directory()

const preparedMeta = prepared.then(async (disk) => {
  const storage = await openOn(disk.clone())
  await storage.close()
  return storage.meta
})

/** The log's segment, or the superblock, as a start reads it: by the first byte of the input. */
const nodeDirectory: Target = {
  name: 'node-directory',
  testRuns: 400,
  async samples() {
    const files = (await prepared).files()
    return [...files].flatMap(([path, bytes]) => {
      const which = fuzzedFiles.findIndex((name) => path.endsWith(name))
      return which < 0 ? [] : [Buffer.concat([Buffer.from([which]), bytes])]
    })
  },
  async feed(bytes) {
    const disk = (await prepared).clone()
    const name = fuzzedFiles[(bytes[0] ?? 0) % fuzzedFiles.length]!
    const path = [...disk.files().keys()].find((one) => one.endsWith(name))!
    disk.plant(path, bytes.subarray(1))
    await (await openOn(disk)).close()
  },
  isExpected: (error) => error instanceof StorageRefusal,
}
const fuzzedFiles = ['.seg', '/superblock', '/rows'] as const

/** Chunks of a snapshot with their checksums made right, so that what is in them is reached. */
const snapshotStream: Target = {
  name: 'snapshot-stream',
  testRuns: 300,
  async samples() {
    const storage = await openOn((await prepared).clone())
    const snapshot = await storage.openSnapshot()
    const bodies: Buffer[] = []
    for await (const chunk of snapshot.chunks()) bodies.push(chunk.subarray(8))
    await snapshot.close()
    await storage.close()
    return [Buffer.concat(bodies), ...bodies]
  },
  async feed(bytes) {
    const disk = new MemoryDisk()
    const storage = await openOn(disk)
    try {
      const incoming = await storage.receiveSnapshot(await preparedMeta)
      for (let at = 0, number = 0; at < bytes.length; at += 200, number++) {
        const chunk = Buffer.concat([Buffer.alloc(8), bytes.subarray(at, at + 200)])
        chunk.writeUInt32BE(number, 4)
        chunk.writeUInt32BE(crc32(chunk.subarray(4)), 0)
        await incoming.write(chunk)
      }
      await incoming.finish()
    } finally {
      await storage.close()
    }
  },
  isExpected: (error) => error instanceof StorageError && error.code === 'SNAPSHOT_DAMAGED',
}

const keyFiles: Target = {
  name: 'key-files',
  testRuns: 2_000,
  samples: async () => [Buffer.from(keyFileSample), Buffer.from(borrowTokenSample)],
  feed(bytes) {
    const text = bytes.toString('utf8')
    const read = parseKeyFile(text)
    const good = read.ok && verifyKey(read.key, vendorPublicKey).ok
    if (!good && !verifyBorrowToken(text, installationPublicKey, wallMs).ok) throw new Refused()
  },
  isExpected: (error) => error instanceof Refused,
}

export const targets: readonly Target[] = [
  clientRequests,
  serverAnswers,
  peerFramesTarget,
  nodeDirectory,
  snapshotStream,
  keyFiles,
  logEntries,
  ledgerRows,
]
