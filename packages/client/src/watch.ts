import type { Change } from '@tranca/protocol'
import { WatchCompactedError } from './errors.ts'
import type { RequestOf } from './operations.ts'

export interface WatchOptions {
  readonly namespace: string
  /** For example `lock.granted`; none = all. */
  readonly kinds?: readonly string[]
  /** Only names that begin so; default all. */
  readonly prefix?: string
  /** First revision wanted; absent = what happens from now on. */
  readonly fromRevision?: number
  readonly signal?: AbortSignal
}

/** What a watch needs of the connection to the leader. */
export interface WatchHost {
  startWatch(watch: Watch, request: RequestOf<'watch.start'>): void
  stopWatch(watch: Watch): void
  readonly bufferMax: number
}

/**
 * Events as the cluster has them, each once and in order, over broken connections and changes of leader. If
 * events were missed that the cluster no longer keeps, it says so: the iteration throws WatchCompactedError
 * (docs/guarantees.md, O23).
 *
 * A slow reader costs no memory beyond a bound: the watch is stopped at the cluster meanwhile and goes on from
 * where it was.
 */
export class Watch implements AsyncIterable<Change> {
  readonly #host: WatchHost
  readonly #options: WatchOptions
  /** First revision not seen yet; unknown before the cluster has named it. */
  #nextRevision: number | undefined
  #buffer: Change[] = []
  #head = 0
  #reader: { resolve: (result: IteratorResult<Change>) => void; reject: (error: Error) => void } | undefined
  #paused = false
  #end: { readonly error: Error | undefined } | undefined
  readonly #onAbort = () => this.close()

  constructor(host: WatchHost, options: WatchOptions) {
    this.#host = host
    this.#options = options
    this.#nextRevision = options.fromRevision
    if (options.signal?.aborted) {
      this.#end = { error: undefined }
      return
    }
    options.signal?.addEventListener('abort', this.#onAbort)
    this.start()
  }

  /** First revision that has not been read from the buffer's source yet: where another watch could go on. */
  get nextRevision(): number | undefined {
    return this.#nextRevision
  }

  close(): void {
    this.#finish(undefined)
  }

  [Symbol.asyncIterator](): AsyncIterator<Change> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.close()
        return { done: true, value: undefined }
      },
    }
  }

  /** Asks the cluster for what has not been seen yet. The host calls it for each new leader. */
  start(): void {
    if (this.#end !== undefined || this.#paused) return
    const { namespace, kinds, prefix } = this.#options
    this.#host.startWatch(this, {
      op: 'watch.start',
      namespace,
      kinds: kinds ?? [],
      prefix: prefix ?? '',
      fromRevision: this.#nextRevision,
    })
  }

  /** The cluster has accepted: events after `revision` will come. */
  onStarted(revision: number): void {
    this.#nextRevision ??= revision + 1
  }

  onChange(change: Change): void {
    if (this.#end !== undefined || this.#paused) return
    if (this.#nextRevision !== undefined && change.revision < this.#nextRevision) return
    this.#nextRevision = change.revision + 1
    if (this.#reader !== undefined) {
      const { resolve } = this.#reader
      this.#reader = undefined
      resolve({ done: false, value: change })
      return
    }
    this.#buffer.push(change)
    if (this.#buffer.length - this.#head >= this.#host.bufferMax) {
      this.#paused = true
      this.#host.stopWatch(this)
    }
  }

  /** The node ended the watch, or would not start it from there. */
  onLost(event: { readonly reason: string; readonly oldest?: number | undefined }): void {
    const from = this.#nextRevision ?? 0
    const gone = event.reason === 'compacted' && (event.oldest === undefined || event.oldest > from)
    if (gone) this.#finish(new WatchCompactedError(from, { oldest: event.oldest }))
    else this.start()
  }

  /** No more events will come; those in the buffer can still be read. */
  fail(error: Error | undefined): void {
    this.#finish(error)
  }

  #finish(error: Error | undefined): void {
    if (this.#end !== undefined) return
    this.#end = { error }
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#host.stopWatch(this)
    const reader = this.#reader
    this.#reader = undefined
    if (reader === undefined) return
    this.#end = { error: undefined }
    if (error === undefined) reader.resolve({ done: true, value: undefined })
    else reader.reject(error)
  }

  #next(): Promise<IteratorResult<Change>> {
    const change = this.#buffer[this.#head]
    if (change !== undefined) {
      this.#head++
      if (this.#head === this.#buffer.length) this.#onDrained()
      return Promise.resolve({ done: false, value: change })
    }
    if (this.#end !== undefined) {
      const { error } = this.#end
      this.#end = { error: undefined }
      return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error)
    }
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject }
    })
  }

  #onDrained(): void {
    this.#buffer = []
    this.#head = 0
    if (!this.#paused) return
    this.#paused = false
    this.start()
  }
}
