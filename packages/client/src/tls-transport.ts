import { connect, createSecureContext, type SecureContext } from 'node:tls'
import { parseAddress, type Transport, wireOf } from './transport.ts'

/** How the nodes prove who they are, and how this client does. All in PEM: contents, not names of files. */
export interface TlsOptions {
  /** Certificates of the authorities that a node's certificate must come from. Default: those of the system. */
  readonly ca?: string | Buffer | undefined
  /** The client's own certificate, which says its role; with `key`. */
  readonly cert?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
  /**
   * The name that the nodes' certificates must have. Default: the address that is dialed. Certificates made by
   * `tranca cert init` all have the cluster's name.
   */
  readonly serverName?: string | undefined
}

/**
 * TLS 1.3. A node whose certificate comes from nobody known, has ended, or names another host is not spoken to.
 *
 * @throws RangeError for certificates or keys that cannot be used
 */
export function tlsTransport(options: TlsOptions): Transport {
  const { serverName } = options
  const secureContext = contextOf(options)
  return {
    dial(address, handlers) {
      const { host, port } = parseAddress(address)
      const socket = connect({
        host,
        port,
        secureContext,
        rejectUnauthorized: true,
        ...(serverName !== undefined && { servername: serverName }),
      })
      socket.setNoDelay(true).setKeepAlive(true, keepAliveMs)
      return wireOf(socket, 'secureConnect', {
        onOpen: () => handlers.onOpen(),
        onData: (chunk) => handlers.onData(chunk),
        onDrain: () => handlers.onDrain(),
        onClose: (error) => handlers.onClose(error && explained(error)),
      })
    },
  }
}

const keepAliveMs = 15_000

function contextOf({ ca, cert, key }: TlsOptions): SecureContext {
  try {
    return createSecureContext({
      minVersion: 'TLSv1.3',
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    })
  } catch (cause) {
    throw new RangeError(`tls: certificate or key cannot be used: ${(cause as Error).message}`, { cause })
  }
}

/** What the system's own words leave open. */
function explained(error: Error): Error {
  const { code } = error as NodeJS.ErrnoException
  const meaning = code === undefined ? undefined : meanings[code]
  return meaning === undefined ? error : new Error(meaning, { cause: error })
}

const meanings: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: 'the node does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the node does not speak TLS',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the node does not speak TLS 1.3',
  DEPTH_ZERO_SELF_SIGNED_CERT: "the node's certificate comes from nobody known (ca)",
  SELF_SIGNED_CERT_IN_CHAIN: "the node's certificate comes from nobody known (ca)",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the node's certificate comes from nobody known (ca)",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the node's certificate comes from nobody known (ca)",
  CERT_HAS_EXPIRED: "the node's certificate has ended",
  ERR_TLS_CERT_ALTNAME_INVALID: "the node's certificate is for another address (serverName)",
}
