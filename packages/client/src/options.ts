import { hostname } from 'node:os'
import { limits as wireLimits } from '@tranca/protocol'
import { type Clock, systemClock } from './clock.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { type Random, systemRandom } from './random.ts'
import { type TlsOptions, tlsTransport } from './tls-transport.ts'
import { isLoopback, parseAddress, type Transport, tcpTransport } from './transport.ts'

/** How the cluster is reached. */
export interface ConnectOptions {
  /** One address (a virtual IP, a balancer) or several; `host:port`, port 5555 if none is named. */
  readonly addresses: string | readonly string[]
  /** Name of this client for people: default host name and process id. */
  readonly client?: string
  /** TLS; absent: plain TCP. `{}` believes the authorities of the system. */
  readonly tls?: TlsOptions | undefined
  /** Token shown to the nodes, if they ask for one. Without TLS it never leaves this machine. */
  readonly auth?: string | undefined
  /** Replaces the network, `tls` included: for simulators. */
  readonly transport?: Transport
  readonly clock?: Clock
  readonly random?: Random
  readonly limits?: Partial<Limits>
}

export interface SessionOptions extends ConnectOptions {
  /** The environment: names of different namespaces have nothing to do with each other. */
  readonly namespace: string
  /** Default `production`. */
  readonly installation?: 'production' | 'homologation' | 'development'
  /** Life of the session without a sign of life: 2 s to 10 min, default 30 s. */
  readonly ttlMs?: number
  /** The session counts as lost so long before the cluster may end it: default a tenth, at least 250 ms. */
  readonly marginMs?: number
  /** `atRisk` is told when less than this is left: default a third of the time to live. */
  readonly riskMs?: number
  /** How long others must wait for the locks of this session if it dies: default 0, at most 60 s. */
  readonly lockDelayMs?: number
  /** Cap of code reservations: default 20, at most 100 000. */
  readonly codesMax?: number
  /** `close` waits so long for the cluster: default 5 s. */
  readonly closeTimeoutMs?: number
}

export interface ConnectSettings {
  readonly addresses: readonly string[]
  readonly client: string
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly limits: Limits
  readonly hello: { readonly client: string; readonly auth: string | undefined }
}

export interface SessionSettings extends ConnectSettings {
  readonly namespace: string
  readonly installation: 'production' | 'homologation' | 'development'
  readonly ttlMs: number
  readonly marginMs: number
  readonly riskMs: number
  readonly lockDelayMs: number
  readonly codesMax: number
  readonly closeTimeoutMs: number
}

/** @throws RangeError that names the option, its value and what was expected */
export function resolveConnectOptions(options: ConnectOptions): ConnectSettings {
  const given = typeof options.addresses === 'string' ? options.addresses.split(',') : options.addresses
  const addresses = [...new Set(given.map((address) => address.trim()).filter((address) => address !== ''))]
  const limits = { ...defaultLimits, ...options.limits }
  within('limits.outstandingMax', limits.outstandingMax, 1, defaultLimits.outstandingMax)
  if (addresses.length === 0 || addresses.length > limits.addressesMax) {
    throw new RangeError(`addresses: ${addresses.length} given, expected 1 to ${limits.addressesMax}`)
  }
  if (options.transport === undefined) for (const address of addresses) parseAddress(address)
  const transport = options.transport ?? (options.tls ? tlsTransport(options.tls) : tcpTransport)
  // Checked here, and never quoted: whoever logs an error must not log a token.
  if (options.auth !== undefined && Buffer.byteLength(options.auth) > wireLimits.authSizeMax) {
    throw new RangeError(`auth: more than ${wireLimits.authSizeMax} bytes`)
  }
  if (options.auth !== undefined && transport.isPlain) {
    const open = addresses.find((address) => !isLoopback(address))
    if (open !== undefined) throw new RangeError(`auth: a token for ${open} is not sent without tls`)
  }
  const client = options.client ?? `${hostname()}:${process.pid}`
  return {
    addresses,
    client,
    transport,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    limits,
    hello: { client, auth: options.auth },
  }
}

/** @throws RangeError that names the option, its value and what was expected */
export function resolveSessionOptions(options: SessionOptions): SessionSettings {
  const ttlMs = within('ttlMs', options.ttlMs ?? 30_000, 2_000, 600_000)
  const marginMs = within('marginMs', options.marginMs ?? Math.max(250, Math.round(ttlMs / 10)), 0, ttlMs / 2)
  const riskMaxMs = Math.floor((ttlMs - marginMs) / 2)
  if (options.namespace === '') throw new RangeError('namespace: "" given, expected a name')
  return {
    ...resolveConnectOptions(options),
    namespace: options.namespace,
    installation: options.installation ?? 'production',
    ttlMs,
    marginMs,
    riskMs: within('riskMs', options.riskMs ?? Math.min(Math.round(ttlMs / 3), riskMaxMs), 0, riskMaxMs),
    lockDelayMs: within('lockDelayMs', options.lockDelayMs ?? 0, 0, 60_000),
    codesMax: within('codesMax', options.codesMax ?? 20, 1, 100_000),
    closeTimeoutMs: within('closeTimeoutMs', options.closeTimeoutMs ?? 5_000, 0, 600_000),
  }
}

function within(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value
  throw new RangeError(`${name}: ${value} given, expected ${min} to ${max}`)
}
