import { randomInt } from 'node:crypto'
import { openNodeStorage } from '@tranca/storage'
import { type Clock, systemClock } from './clock.ts'
import { type Fetch, httpFetch } from './fetch.ts'
import type { Probe } from './probe.ts'
import { type Transport, tcpTransport } from './transport.ts'

/** What a node needs of the world; a simulator brings its own. */
export interface Environment {
  readonly clock: Clock
  readonly transport: Transport
  /** Outbound HTTP: the online validation of licenses. */
  readonly fetch: Fetch
  /** An integer in 0..n-1. */
  readonly random: (n: number) => number
  readonly openStorage: typeof openNodeStorage
  /** Absent in a node that ships. */
  readonly probe?: Probe
}

/** `count` random bytes in hexadecimal digits. */
export function randomHex({ random }: Pick<Environment, 'random'>, count: number): string {
  return Buffer.from(Array.from({ length: count }, () => random(256))).toString('hex')
}

/** The machine that this process runs on. */
export const machine: Environment = {
  clock: systemClock,
  transport: tcpTransport,
  fetch: httpFetch,
  random: (n) => randomInt(n),
  openStorage: openNodeStorage,
}
