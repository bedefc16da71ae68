import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAddress } from '@tranca/client'
import type { Authority } from '../certificates/authority.ts'
import { certificateFiles, type FilePair, writePair } from '../certificates/certificate-files.ts'
import type { PlannedMember } from './plan.ts'

/** Files in PEM, as `tranca` and programs take them. */
export interface DevTls {
  /** The authority's certificate. */
  readonly ca: string
  /** Certificates with the roles `admin` and `client`. */
  readonly admin: FilePair
  readonly client: FilePair
}

const AUTHORITY_DAYS = 3_650
const DAYS = 730

/**
 * Certificates of a development cluster. Its authority stays, so that a program that believes it goes on; all else
 * is made anew at each start and so never ends.
 */
export class DevCertificates {
  readonly tls: DevTls
  readonly #authority: Authority
  readonly #files: ReturnType<typeof certificateFiles>

  private constructor(authority: Authority, files: ReturnType<typeof certificateFiles>) {
    this.#authority = authority
    this.#files = files
    this.tls = { ca: files.authority.cert, admin: files.client('admin'), client: files.client('app') }
  }

  static async open(directory: string, cluster: string): Promise<DevCertificates> {
    // The certificate library is heavy: only a cluster with TLS carries it.
    const { Authority, makeAuthority } = await import('../certificates/authority.ts')
    const files = certificateFiles(join(directory, 'certs'))
    const { cert, key } = files.authority
    if (!existsSync(cert) || !existsSync(key)) {
      writePair(files.authority, await makeAuthority(cluster, { nowMs: Date.now(), days: AUTHORITY_DAYS }))
    }
    const pair = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
    const made = new DevCertificates(await Authority.open(pair), files)
    await made.#issue(made.tls.admin, { kind: 'admin', name: 'admin' })
    await made.#issue(made.tls.client, { kind: 'client', name: 'app' })
    return made
  }

  issueMember({ id, name, client, peer }: PlannedMember): Promise<void> {
    const hosts = [client, peer].map((address) => parseAddress(address).host)
    return this.#issue(this.#files.member(name), { kind: 'member', id, name, hosts })
  }

  /** What the member's configuration says about TLS. */
  filesOf({ name }: PlannedMember): FilePair & { readonly ca: string } {
    return { ca: this.tls.ca, ...this.#files.member(name) }
  }

  async #issue(files: FilePair, subject: Parameters<Authority['issue']>[0]): Promise<void> {
    writePair(files, await this.#authority.issue(subject, { nowMs: Date.now(), days: DAYS }))
  }
}
