import { createHash, timingSafeEqual } from 'node:crypto'
import type { Config } from '../config/schema.ts'
import { NodeError } from '../errors.ts'
import { type Identity, plainSerial } from './identity.ts'
import type { Role } from './roles.ts'

/** Who asks, as far as it was proved. */
export interface Principal {
  readonly role: Role
  /** Empty where nothing is asked for: then all are one. */
  readonly name: string
}

const anybody: Principal = { role: 'admin', name: '' }

/**
 * Who may come in, and as what. With TLS or tokens in the configuration everybody must prove who he is;
 * without either (loopback, or `insecure: true`) everybody is an administrator.
 */
export class Access {
  /** Credentials are asked for. */
  readonly isRequired: boolean
  readonly #cluster: string
  readonly #tokens: readonly { readonly principal: Principal; readonly digest: Buffer }[]
  readonly #revoked: ReadonlySet<string>

  constructor(config: Pick<Config, 'cluster' | 'tls' | 'access'>) {
    const { tokens, revoked } = config.access
    this.isRequired = config.tls !== undefined || tokens.length > 0
    this.#cluster = config.cluster
    this.#revoked = new Set(revoked.map(plainSerial))
    this.#tokens = tokens.map(({ name, role, sha256 }) => ({
      principal: { name, role },
      digest: Buffer.from(sha256, 'hex'),
    }))
  }

  /**
   * Judges a client: a token that is shown must be right and decides; without one the certificate does.
   *
   * @returns undefined if neither is good for anything
   */
  principalOf(identity: Identity | undefined, token: string | undefined): Principal | undefined {
    if (!this.isRequired) return anybody
    if (token !== undefined) return this.#byToken(token)
    if (identity?.kind !== 'client' || !this.#isGood(identity)) return undefined
    return { role: identity.role, name: identity.name }
  }

  /** @throws {NodeError} PEER_UNPROVED unless the certificate says that it belongs to this member */
  proveMember(identity: Identity | undefined, id: number): void {
    const isMember = identity?.kind === 'member' && identity.id === id
    if (isMember && this.#isGood(identity)) return
    throw new NodeError(
      'PEER_UNPROVED',
      `the certificate is for ${nameOf(identity)}, expected tranca://${this.#cluster}/member/${id}, not revoked`,
    )
  }

  #isGood(identity: Identity): boolean {
    return identity.cluster === this.#cluster && !this.#revoked.has(identity.serial)
  }

  /** All are compared, each in constant time: how long it takes tells nothing of the tokens. */
  #byToken(token: string): Principal | undefined {
    const digest = createHash('sha256').update(token).digest()
    let found: Principal | undefined
    for (const known of this.#tokens) {
      if (timingSafeEqual(known.digest, digest)) found = known.principal
    }
    return found
  }
}

function nameOf(identity: Identity | undefined): string {
  if (identity === undefined) return 'nobody of a cluster'
  const who = identity.kind === 'member' ? `member/${identity.id}` : `${identity.role}/${identity.name}`
  return `tranca://${identity.cluster}/${who}`
}
