import type { HistogramData } from './histogram.ts'

/** What clients do. */
export const workNames = [
  'lock',
  'sequence',
  'gapless',
  'read',
  'hundred',
  'hand-over',
  'license',
  'license-hot',
  'stateless',
  'request',
  'request-licensed',
  'request-beside',
] as const
export type WorkName = (typeof workNames)[number]

/**
 * `connections`: each client has its own session. `owners`: all are owners of one session. `pipeline`: all are one
 * owner of one session, which so has as many requests on their way as there are clients.
 */
export type Shape = 'connections' | 'owners' | 'pipeline'

/** What is done, and by how many. */
export interface Job {
  readonly work: WorkName
  /** Who does it: each has one request on its way at a time. */
  readonly clients: number
  readonly shape: Shape
}

/** The part of a job that one process does: clients `from` up to, not including, `to`. */
export interface JobPart extends Job {
  readonly addresses: readonly string[]
  readonly namespace: string
  readonly from: number
  readonly to: number
}

/** What one process did while it recorded. */
export interface LoadReport {
  readonly elapsedMs: number
  readonly operations: HistogramData
  readonly steps: readonly { readonly name: string; readonly times: HistogramData }[]
  readonly cpuSeconds: number
  readonly rssBytes: number
}

/** What a process that makes load is told about one job. Each command is answered by one message, in order. */
export type LoadStep =
  | { readonly kind: 'open'; readonly part: JobPart }
  | { readonly kind: 'start' }
  | { readonly kind: 'record' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'close' }

export type LoadCommand = LoadStep & { readonly job: number }

export type LoadAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'report'; readonly report: LoadReport }
  | { readonly kind: 'failed'; readonly reason: string }
