import type { Message } from '@tranca/raft-ts'
import fc from 'fast-check'
import t from 'tap'
import { FrameKind, PeerFrameReader, peerFrame, peerFrames } from '../src/peers/frames.ts'
import { decodeHello, encodeGreeting, type Hello } from '../src/peers/greeting.ts'
import {
  decodePeerMessage,
  encodePeerMessage,
  isPeerMessage,
  type PeerMessage,
} from '../src/peers/raft-codec.ts'
import { Digests, decodeDigest, encodeDigest } from '../src/replica/digests.ts'

const seed = process.env.TRANCA_SEED === undefined ? {} : { seed: Number(process.env.TRANCA_SEED) }

const id = fc.integer({ min: 1, max: 0xffff })
const number = fc.integer({ min: 0, max: 2 ** 47 })
const context = fc.string({ maxLength: 40 })
const envelope = { from: id, to: id, term: number }
const entries = fc.array(
  fc.record({
    term: number,
    type: fc.constantFrom('normal' as const, 'confChange' as const, 'confChangeV2' as const),
    data: fc.uint8Array({ maxLength: 60 }),
  }),
  { maxLength: 5 },
)
const message: fc.Arbitrary<PeerMessage> = fc.oneof(
  fc.record({
    type: fc.constantFrom('vote' as const, 'preVote' as const),
    ...envelope,
    index: number,
    logTerm: number,
    transfer: fc.boolean(),
  }),
  fc.record({
    type: fc.constantFrom('voteResponse' as const, 'preVoteResponse' as const),
    ...envelope,
    reject: fc.boolean(),
  }),
  fc
    .record({
      type: fc.constant('append' as const),
      ...envelope,
      index: number,
      logTerm: number,
      commit: number,
      entries,
    })
    .map((one) => ({
      ...one,
      entries: one.entries.map((entry, at) => ({ index: one.index + at + 1, ...entry })),
    })),
  fc.record({
    type: fc.constant('appendResponse' as const),
    ...envelope,
    index: number,
    reject: fc.boolean(),
    rejectHint: number,
    logTerm: number,
  }),
  fc.record({ type: fc.constant('heartbeat' as const), ...envelope, commit: number, context }),
  fc.record({ type: fc.constant('heartbeatResponse' as const), ...envelope, context }),
  fc.record({ type: fc.constant('timeoutNow' as const), ...envelope }),
)

function plain(one: PeerMessage): unknown {
  return JSON.parse(JSON.stringify(one, (_key, value) => (value instanceof Uint8Array ? [...value] : value)))
}

function plainOfBuffer(one: PeerMessage): unknown {
  if (one.type !== 'append') return plain(one)
  return plain({
    ...one,
    entries: one.entries.map((entry) => ({ ...entry, data: new Uint8Array(entry.data) })),
  })
}

t.test('a Raft message arrives as it was sent', async (t) => {
  fc.assert(
    fc.property(message, (one) => {
      const decoded = decodePeerMessage(Buffer.concat(encodePeerMessage(one)))
      t.same(plainOfBuffer(decoded), plain(one))
    }),
    { ...seed, verbose: 1 },
  )
})

t.test('damaged messages are refused or understood, never anything else', async (t) => {
  let understood = 0
  fc.assert(
    fc.property(message, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(), (one, at, byte, cut) => {
      const bytes = Buffer.concat(encodePeerMessage(one))
      bytes[at % bytes.length] = byte
      try {
        decodePeerMessage(bytes.subarray(0, 1 + (cut % bytes.length)))
        understood++
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
      }
    }),
    { ...seed, numRuns: 2_000, verbose: 1 },
  )
  t.ok(understood > 0)
})

t.test('only messages between members travel as such', async (t) => {
  const snapshot = { type: 'snapshot' } as Message
  t.notOk(isPeerMessage(snapshot), 'a snapshot has a stream of its own')
  t.ok(isPeerMessage({ type: 'timeoutNow', from: 1, to: 2, term: 3 }))
})

t.test('frames come out whole, however the stream is cut', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (bodies, cuts) => {
        const bytes = peerFrames(
          FrameKind.raft,
          bodies.map((body) => [body.subarray(0, 3), body.subarray(3)]),
        )
        const reader = new PeerFrameReader()
        const seen: number[][] = []
        for (let offset = 0, at = 0; offset < bytes.length; at++) {
          const end = Math.min(bytes.length, offset + cuts[at % cuts.length]!)
          reader.read(bytes.subarray(offset, end), (kind, body) => {
            if (kind === FrameKind.raft) seen.push([...body])
          })
          offset = end
        }
        t.same(
          seen,
          bodies.map((body) => [...body]),
        )
      },
    ),
    { ...seed, verbose: 1 },
  )
})

t.test('a frame that claims too much is refused before anything is kept', async (t) => {
  const reader = new PeerFrameReader()
  const bytes = peerFrame(FrameKind.raft, Buffer.alloc(10))
  bytes.writeUInt32BE(0xffffffff, 0)
  t.throws(() => reader.read(bytes, () => {}), RangeError)
})

t.test('a greeting of another version is refused', async (t) => {
  const hello: Hello = {
    version: 1,
    cluster: 'c',
    id: 1,
    name: 'n1',
    peer: 'a:1',
    client: 'a:2',
    standing: 'new',
    starts: 1,
    run: 'r',
    lastIndex: 0,
    founders: 'f',
  }
  t.same(decodeHello(encodeGreeting(hello)), hello)
  t.throws(() => decodeHello(encodeGreeting({ ...hello, version: 2 as 1 })))
  t.throws(() => decodeHello(Buffer.from('nonsense')))
})

t.test('a ledger that differs from the majority is told that it is wrong', async (t) => {
  const digests = new Digests()
  t.same(decodeDigest(encodeDigest(2 ** 40, 'ab12')), [2 ** 40, 'ab12'])
  t.match(digests.other(2, 100, 'x'), { kind: 'agree' }, 'nothing to compare with yet')
  t.match(digests.own(100, 'x'), { kind: 'agree' })
  t.match(digests.own(200, 'mine'), { kind: 'agree' })
  t.match(digests.other(2, 200, 'theirs'), { kind: 'disagree', index: 200, with: 2 })
  t.match(digests.other(3, 200, 'theirs'), { kind: 'wrong', digest: 'mine', theirs: 'theirs' })
  t.same(digests.latest(), { index: 200, digest: 'mine' })
})
