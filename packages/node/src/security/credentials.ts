import { constants, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Logger } from 'pino'
import { NodeError } from '../errors.ts'
import { limits } from '../limits.ts'
import { type Identity, identityOf } from './identity.ts'
import { readSecret } from './secret-file.ts'

/** Files in PEM, by absolute path. Each of `ca` and `cert` may hold several certificates. */
export interface CredentialFiles {
  /** Whom this end believes. */
  readonly ca: string
  /** Its own certificate, with those between it and the authority. */
  readonly cert: string
  readonly key: string
}

interface Loaded {
  readonly options: SecureContextOptions
  readonly context: SecureContext
  readonly notAfterMs: number
  readonly identity: Identity | undefined
  readonly subject: string
}

/**
 * A certificate and its key, read again when the files change: connections made from then on use the new
 * ones. New files that cannot be used (half written, key of another certificate) are complained about in the
 * log, and the old ones stay in use.
 */
export class Credentials {
  /** Grows with each set of files that was taken into use. */
  version = 1
  readonly #field: string
  readonly #files: CredentialFiles
  readonly #logger: Logger
  #stamp: string
  #loaded: Loaded
  #lookedMs = performance.now()
  #warnedMs = this.#lookedMs

  /**
   * @param field the configuration's name for these files, for complaints
   * @throws {NodeError} CONFIG_INVALID
   */
  constructor(field: string, files: CredentialFiles, logger: Logger) {
    this.#field = field
    this.#files = files
    this.#logger = logger
    this.#stamp = stampOf(files)
    this.#loaded = load(field, files)
    this.#warnOfEnd()
  }

  get options(): SecureContextOptions {
    return this.#loaded.options
  }

  get context(): SecureContext {
    return this.#loaded.context
  }

  /** Whom the certificate names: the field is there only if it is one of Tranca's own. */
  get identity(): Identity | undefined {
    return this.#loaded.identity
  }

  /** End of the certificate's validity, epoch milliseconds. */
  get notAfterMs(): number {
    return this.#loaded.notAfterMs
  }

  /** Looks whether the files have changed; at most once in `limits.certificateLookMs`. */
  refresh(): this {
    const nowMs = performance.now()
    if (nowMs - this.#lookedMs < limits.certificateLookMs) return this
    this.#lookedMs = nowMs
    if (nowMs - this.#warnedMs > limits.certificateWarningPauseMs) this.#warnOfEnd()
    const stamp = stampOf(this.#files)
    if (stamp === this.#stamp) return this
    this.#stamp = stamp
    try {
      this.#loaded = load(this.#field, this.#files)
      this.version++
      const until = new Date(this.#loaded.notAfterMs).toISOString()
      this.#logger.info({ subject: this.#loaded.subject, until }, 'certificate read again')
      this.#warnOfEnd()
    } catch (error) {
      this.#logger.error({ err: error }, 'the new certificate cannot be used; the old one stays in use')
    }
    return this
  }

  #warnOfEnd(): void {
    this.#warnedMs = performance.now()
    const { subject, notAfterMs } = this.#loaded
    const leftMs = notAfterMs - Date.now()
    if (leftMs > limits.certificateWarningMs) return
    const until = new Date(notAfterMs).toISOString()
    this.#logger.warn(
      { subject, until },
      leftMs > 0 ? 'the certificate ends soon' : 'the certificate has ended',
    )
  }
}

/** What tells one state of the files from another; a file that is not there counts as one more state. */
function stampOf(files: CredentialFiles): string {
  const parts = [files.ca, files.cert, files.key].map((file) => {
    const found = statSync(file, { throwIfNoEntry: false })
    return found === undefined ? '-' : `${found.mtimeMs}:${found.size}:${found.ino}`
  })
  return parts.join(' ')
}

function load(field: string, files: CredentialFiles): Loaded {
  const ca = read(field, 'ca', files.ca, readText)
  const cert = read(field, 'cert', files.cert, readText)
  const key = read(field, 'key', files.key, readSecret)
  try {
    const certificate = new X509Certificate(cert)
    const options: SecureContextOptions = {
      ca,
      cert,
      key,
      minVersion: 'TLSv1.3',
      // A connection begins with a whole handshake, so that whoever was shut out stays out.
      secureOptions: constants.SSL_OP_NO_TICKET,
    }
    return {
      options,
      context: createSecureContext(options),
      notAfterMs: Date.parse(certificate.validTo),
      identity: identityOf(certificate),
      subject: certificate.subject,
    }
  } catch (cause) {
    const { message } = cause as Error
    throw new NodeError('CONFIG_INVALID', `${field}: ${files.cert} with ${files.key}: ${message}`, { cause })
  }
}

function readText(file: string): string {
  const text = readFileSync(file, 'utf8')
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new Error('no certificate in it (PEM)')
  return text
}

function read(field: string, name: string, file: string, reader: (file: string) => string): string {
  try {
    return reader(file)
  } catch (cause) {
    throw new NodeError('CONFIG_INVALID', `${field}.${name}: ${file}: ${(cause as Error).message}`, { cause })
  }
}
