import { randomBytes } from 'node:crypto'

/** Where the client gets its randomness: session keys must not be guessable; jitter may be anything. */
export interface Random {
  bytes(count: number): Uint8Array
  /** 0 <= x < 1. */
  fraction(): number
}

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  fraction: () => Math.random(),
}
