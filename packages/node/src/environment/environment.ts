import { randomInt } from 'node:crypto'
import { openNodeStorage } from '@tranca/storage'
import { type Clock, systemClock } from './clock.ts'
import { type Transport, tcpTransport } from './transport.ts'

/** What a node needs of the world; a simulator brings its own. */
export interface Environment {
  readonly clock: Clock
  readonly transport: Transport
  /** An integer in 0..n-1. */
  readonly random: (n: number) => number
  readonly openStorage: typeof openNodeStorage
}

/** The machine that this process runs on. */
export const machine: Environment = {
  clock: systemClock,
  transport: tcpTransport,
  random: (n) => randomInt(n),
  openStorage: openNodeStorage,
}
