import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import { tlsTransport } from '../environment/tls-transport.ts'
import type { Transport } from '../environment/transport.ts'
import { NodeError } from '../errors.ts'
import { Access } from './access.ts'
import { Credentials } from './credentials.ts'

/** How one node speaks to others, and whom it lets in: what the configuration says, made ready. */
export interface Security {
  readonly access: Access
  readonly peerTransport: Transport
  readonly clientTransport: Transport
  /** Undefined without TLS. */
  readonly adminCredentials: Credentials | undefined
  /** End of the certificates in use, epoch milliseconds by use. Undefined without TLS. */
  readonly certificateEnds: (() => Readonly<Record<string, number>>) | undefined
  /** Members must prove by their certificates who they are. */
  readonly isMutual: boolean
}

/**
 * Without `tls` in the configuration both transports are the plain one.
 *
 * @throws {NodeError} CONFIG_INVALID: files that cannot be used, or the certificate of another member
 */
export function makeSecurity(config: Config, plain: Transport, logger: Logger): Security {
  const access = new Access(config)
  const { tls } = config
  if (tls === undefined) {
    return {
      access,
      peerTransport: plain,
      clientTransport: plain,
      adminCredentials: undefined,
      certificateEnds: undefined,
      isMutual: false,
    }
  }
  const peer = new Credentials('tls', tls, logger)
  const client = tls.client === undefined ? peer : new Credentials('tls.client', tls.client, logger)
  const admin = tls.admin === undefined ? peer : new Credentials('tls.admin', tls.admin, logger)
  try {
    access.proveMember(peer.identity, config.id)
  } catch (cause) {
    throw new NodeError('CONFIG_INVALID', `tls.cert: ${tls.cert}: ${(cause as Error).message}`, { cause })
  }
  return {
    access,
    peerTransport: tlsTransport(peer, { mutual: true, logger }),
    clientTransport: tlsTransport(client, { mutual: false, logger }),
    adminCredentials: admin,
    certificateEnds: () => endsOf({ peer, client, admin }),
    isMutual: true,
  }
}

function endsOf(credentials: Readonly<Record<string, Credentials>>): Readonly<Record<string, number>> {
  const ends = Object.entries(credentials).map(([use, one]) => [use, one.refresh().notAfterMs] as const)
  return Object.fromEntries(ends)
}
