import type { InstallSnapshot, NodeId } from '@tranca/raft-ts'
import {
  type IncomingSnapshot,
  type LedgerMeta,
  type NodeStorage,
  type OutgoingSnapshot,
  StorageError,
} from '@tranca/storage'
import { Packr } from 'msgpackr'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Cancel, Clock } from '../environment/clock.ts'
import type { Stream } from '../environment/transport.ts'
import { limits } from '../limits.ts'
import { FrameKind, PeerFrameReader, peerFrame } from './frames.ts'
import type { PeerHub } from './peer-hub.ts'

/*
 * A snapshot travels on a stream of its own, so that it holds up nothing else:
 *
 *     sender:   snapshotHello, snapshotBegin {term, meta}, snapshotChunk*, snapshotEnd
 *     receiver: snapshotResult (1 = handed to Raft, or nothing in it is new; 0 = not taken)
 */
const packr = new Packr({ useRecords: false, variableMapSize: true })

const ids = z.array(z.int().min(1)).max(64)
const beginSchema = z.object({
  term: z.int().min(0),
  meta: z.object({
    index: z.int().min(0),
    term: z.int().min(0),
    confState: z.object({
      voters: ids,
      votersOutgoing: ids,
      learners: ids,
      learnersNext: ids,
      autoLeave: z.boolean(),
    }),
    rows: z.int().min(0),
    digest: z.string().max(128),
  }),
})

/** Sends the last checkpoint to a member; at most one at a time to each. */
export class SnapshotSender {
  readonly #hub: PeerHub
  readonly #storage: NodeStorage
  readonly #logger: Logger
  readonly #done: (to: NodeId, delivered: boolean) => void
  readonly #sending = new Set<NodeId>()
  readonly #streams = new Map<NodeId, Stream>()

  constructor(options: {
    hub: PeerHub
    storage: NodeStorage
    logger: Logger
    done: (to: NodeId, delivered: boolean) => void
  }) {
    this.#hub = options.hub
    this.#storage = options.storage
    this.#logger = options.logger
    this.#done = options.done
  }

  send(message: InstallSnapshot): void {
    const { to } = message
    if (this.#sending.has(to)) return
    this.#sending.add(to)
    this.#send(message)
      .then(
        (delivered) => delivered,
        (error: unknown) => {
          this.#logger.warn({ peer: to, err: error }, 'snapshot could not be sent')
          return false
        },
      )
      .then((delivered) => {
        this.#sending.delete(to)
        this.#done(to, delivered)
      })
      .catch((error: unknown) => this.#logger.error({ err: error }, 'snapshot report failed'))
  }

  /** The process that was to answer is gone: of a machine that lost its power the stream itself tells nothing. */
  gone(id: NodeId): void {
    this.#streams.get(id)?.close()
  }

  async #send(message: InstallSnapshot): Promise<boolean> {
    const snapshot = await this.#storage.openSnapshot()
    try {
      // A member refuses a state in which it does not occur; the checkpoint of its admission is under way.
      const { voters, learners, learnersNext } = snapshot.meta.confState
      if (![...voters, ...learners, ...learnersNext].includes(message.to)) return false
      return await this.#stream(message, snapshot)
    } finally {
      await snapshot.close()
    }
  }

  async #stream(message: InstallSnapshot, snapshot: OutgoingSnapshot): Promise<boolean> {
    const { to, term } = message
    let failed = ''
    let wake: (() => void) | undefined
    let result: boolean | undefined
    const stream = this.#hub.openSnapshotStream(to, (open) => {
      open.write(peerFrame(FrameKind.snapshotBegin, packr.pack({ term, meta: snapshot.meta })))
      wake?.()
    })
    if (!stream) return false
    this.#streams.set(to, stream)
    const frames = new PeerFrameReader()
    stream.onDrain = () => wake?.()
    stream.onClose = (code) => {
      failed = code === '' ? 'closed' : code
      wake?.()
    }
    stream.onData = (chunk) => {
      try {
        frames.read(chunk, (kind, body) => {
          if (kind === FrameKind.snapshotResult) result = body[0] === 1
        })
      } catch (error) {
        this.#logger.warn({ peer: to, err: error }, 'peer answered a snapshot with what cannot be understood')
        failed = 'malformed'
      }
      wake?.()
    }
    const woken = () =>
      new Promise<void>((resolve) => {
        wake = resolve
      })
    try {
      await woken()
      for await (const chunk of snapshot.chunks()) {
        if (failed !== '') return false
        stream.write(peerFrame(FrameKind.snapshotChunk, chunk))
        while (stream.backlog > 0 && failed === '') await woken()
      }
      stream.write(peerFrame(FrameKind.snapshotEnd, new Uint8Array(0)))
      while (result === undefined && failed === '') await woken()
      this.#logger.info({ peer: to, index: snapshot.meta.index, delivered: result === true }, 'snapshot sent')
      return result === true
    } finally {
      this.#streams.delete(to)
      stream.close()
    }
  }
}

/** A snapshot that has arrived whole, to be handed to Raft. */
export interface ReceivedSnapshot {
  readonly from: NodeId
  readonly term: number
  readonly meta: LedgerMeta
  readonly incoming: IncomingSnapshot
}

/** Takes a snapshot from a stream: gives what eats its frames. */
export function receiveSnapshot(options: {
  from: NodeId
  stream: Stream
  storage: NodeStorage
  clock: Clock
  logger: Logger
  /** Before anything is stored: what a snapshot at this index would be to this node. */
  judge: (index: number) => 'new' | 'known' | 'refused'
  /** True: it is Raft's from here on; false: it is dropped. */
  onReceived: (snapshot: ReceivedSnapshot) => boolean
  /** The disk failed: the node must stop, as for any other write. */
  failed: (error: Error) => void
}): (kind: FrameKind, body: Buffer) => void {
  const { from, stream, storage, clock, logger } = options
  let incoming: IncomingSnapshot | undefined
  let term = 0
  let isOver = false
  let pending = 0
  // Frames are handled one after the other; the stream pauses while the disk works.
  let work: Promise<void> = Promise.resolve()

  const end = async (taken: boolean): Promise<void> => {
    if (isOver) return
    isOver = true
    if (!taken) await incoming?.abort()
    stream.write(peerFrame(FrameKind.snapshotResult, Buffer.from([taken ? 1 : 0])))
  }
  const handle = async (kind: FrameKind, body: Buffer): Promise<void> => {
    if (isOver) return
    if (kind === FrameKind.snapshotBegin) {
      const begin = beginSchema.parse(packr.unpack(body))
      const judged = options.judge(begin.meta.index)
      // Refusing what is known would bring it again for ever; the answer to the next append says how far this log is.
      if (judged !== 'new') return end(judged === 'known')
      term = begin.term
      incoming = await storage.receiveSnapshot(begin.meta)
    } else if (kind === FrameKind.snapshotChunk && incoming) {
      await incoming.write(body)
    } else if (kind === FrameKind.snapshotEnd && incoming) {
      await end(options.onReceived({ from, term, meta: incoming.meta, incoming }))
    } else {
      throw new Error(`unexpected frame of kind ${kind}`)
    }
  }
  // One snapshot at a time is received: a sender that is gone without a word must not hold that place.
  let cancelIdle: Cancel | undefined
  const restartIdle = () => {
    cancelIdle?.()
    cancelIdle = clock.after(limits.snapshotIdleMs, () => {
      if (pending > 0) return restartIdle()
      logger.warn({ peer: from, idleMs: limits.snapshotIdleMs }, 'snapshot given up: nothing more came')
      stream.close()
    })
  }
  restartIdle()
  const closedBefore = stream.onClose
  stream.onClose = (code) => {
    closedBefore?.(code)
    cancelIdle?.()
    work = work
      .then(() => end(false))
      .catch((error: unknown) => {
        logger.warn({ err: error }, 'snapshot could not be dropped')
        if (isDiskFailure(error)) options.failed(error)
      })
  }
  return (kind, body) => {
    restartIdle()
    pending++
    stream.pause()
    work = work
      .then(() => handle(kind, body))
      .then(() => {
        if (--pending === 0) stream.resume()
      })
      .catch((error: unknown) => {
        logger.warn({ peer: from, err: error }, 'snapshot refused')
        if (isDiskFailure(error)) options.failed(error)
        stream.close()
      })
  }
}

/** Not a lack of room, and not what was sent. */
function isDiskFailure(error: unknown): error is StorageError {
  return error instanceof StorageError && (error.code === 'IO' || error.code === 'LEDGER_FAILED')
}
