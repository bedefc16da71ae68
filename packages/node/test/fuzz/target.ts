import type { Buffer } from 'node:buffer'

/** Something that reads bytes of others. */
export interface Target {
  readonly name: string
  /** As many as tests have time for. */
  readonly testRuns: number
  /** Good inputs to begin with. */
  samples(): Promise<readonly Buffer[]>
  /** Returns when the bytes are understood, or refused as a value. */
  feed(bytes: Buffer): void | Promise<void>
  /** The refusals that it may throw. */
  isExpected(error: unknown): boolean
}

/** Said for a refusal that is a value, so that runs are counted alike. */
export class Refused extends Error {}
