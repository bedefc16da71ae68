import { X509Certificate as NodeCertificate, randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
// The certificate library finds its parts through it, so it goes first.
import 'reflect-metadata'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { CliError } from '../errors.ts'

/** A certificate and its private key, both in PEM. */
export interface CertifiedKey {
  readonly cert: string
  readonly key: string
}

/** Whom a certificate is for: written into it as `tranca://CLUSTER/...` (docs/security.md). */
export type Subject =
  | {
      readonly kind: 'member'
      readonly id: number
      readonly name: string
      /** Host names and IP addresses by which clients and members reach it. */
      readonly hosts: readonly string[]
    }
  | { readonly kind: 'monitor' | 'client' | 'admin'; readonly name: string }

interface Validity {
  readonly nowMs: number
  readonly days: number
}

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const
const SERIAL_SIZE = 16
const DAY_MS = 86_400_000
/** Health checks and `tranca` on the member's own machine. */
const OWN_MACHINE = ['localhost', '127.0.0.1', '::1']
/** Clocks of machines differ: a certificate is good from a little before it was made. */
const BACKDATED_MS = 3_600_000

/** Makes the authority of a cluster: ECDSA P-256, signs certificates of members and clients, nothing below them. */
export async function makeAuthority(cluster: string, validity: Validity): Promise<CertifiedKey> {
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: `CN=Tranca authority of ${cluster}`,
    ...dates(validity),
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new SubjectAlternativeNameExtension([
        { type: 'url', value: `tranca://${cluster}/authority/${cluster}` },
      ]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pemOf(certificate), key: await keyPem(keys.privateKey) }
}

/** An authority that can sign. */
export class Authority {
  readonly cluster: string
  readonly #certificate: X509Certificate
  readonly #key: webcrypto.CryptoKey

  private constructor(cluster: string, certificate: X509Certificate, key: webcrypto.CryptoKey) {
    this.cluster = cluster
    this.#certificate = certificate
    this.#key = key
  }

  /** @throws CliError `CERT_UNUSABLE` if the two do not belong together, or are no authority of a cluster */
  static async open({ cert, key }: CertifiedKey): Promise<Authority> {
    const plain = readCertificate(cert, 'ca.crt')
    const [, cluster] = /(?:^|, )URI:tranca:\/\/([^/]+)\/authority\//.exec(plain.subjectAltName ?? '') ?? []
    if (cluster === undefined || !plain.ca) {
      throw unusable('the certificate is not that of an authority made by "tranca cert init"')
    }
    const certificate = new X509Certificate(cert)
    let privateKey: webcrypto.CryptoKey
    try {
      const der = PemConverter.decodeFirst(key)
      privateKey = await webcrypto.subtle.importKey('pkcs8', der, KEY_ALGORITHM, false, ['sign'])
    } catch {
      // The cause is left out: it may quote what it could not read.
      throw unusable("the authority's key cannot be read")
    }
    return new Authority(cluster, certificate, privateKey)
  }

  /** A new key, and its certificate. */
  async issue(subject: Subject, validity: Validity): Promise<CertifiedKey> {
    const keys = await newKeys()
    const isMember = subject.kind === 'member'
    const usages = isMember
      ? [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]
      : [ExtendedKeyUsage.clientAuth]
    const cert = await this.#sign(`CN=${subject.name}`, keys.publicKey, validity, [
      new ExtendedKeyUsageExtension(usages),
      new SubjectAlternativeNameExtension(namesOf(this.cluster, subject)),
    ])
    return { cert, key: await keyPem(keys.privateKey) }
  }

  /** The same key and names, for a new time: the private key is not needed, so it stays where it is. */
  async renew(pem: string, file: string, validity: Validity): Promise<string> {
    const old = readCertificate(pem, file)
    if (!old.subjectAltName?.includes(`URI:tranca://${this.cluster}/`) || old.ca) {
      throw unusable(`${file}: not for a member or client of ${this.cluster}`)
    }
    const certificate = new X509Certificate(pem)
    const kept = [ExtendedKeyUsageExtension, SubjectAlternativeNameExtension].map((kind) => {
      const extension = certificate.getExtension<Extension>(kind)
      if (extension === null) throw unusable(`${file}: it does not say what its holder is for`)
      return extension
    })
    const publicKey = await certificate.publicKey.export()
    return await this.#sign(certificate.subject, publicKey, validity, kept)
  }

  async #sign(
    subject: string,
    publicKey: webcrypto.CryptoKey,
    validity: Validity,
    extensions: readonly Extension[],
  ): Promise<string> {
    const authority = this.#certificate
    const { notBefore, notAfter } = dates(validity)
    const certificate = await X509CertificateGenerator.create({
      serialNumber: newSerial(),
      subject,
      issuer: authority.subject,
      notBefore,
      // Nothing outlives its authority: such a certificate would be refused before its own end.
      notAfter: notAfter < authority.notAfter ? notAfter : authority.notAfter,
      publicKey,
      signingKey: this.#key,
      signingAlgorithm: SIGNATURE,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        ...extensions,
        await AuthorityKeyIdentifierExtension.create(authority.publicKey),
        await SubjectKeyIdentifierExtension.create(publicKey),
      ],
    })
    const pem = pemOf(certificate)
    const authorityKey = new NodeCertificate(pemOf(authority)).publicKey
    if (!new NodeCertificate(pem).verify(authorityKey)) {
      throw unusable("the authority's key is not the one of its certificate")
    }
    return pem
  }
}

/** @throws CliError `CERT_UNUSABLE` */
export function readCertificate(pem: string, file: string): NodeCertificate {
  try {
    return new NodeCertificate(pem)
  } catch {
    throw unusable(`${file}: no certificate in it (PEM)`)
  }
}

function namesOf(cluster: string, subject: Subject): JsonGeneralName[] {
  if (subject.kind !== 'member') {
    return [{ type: 'url', value: `tranca://${cluster}/${subject.kind}/${subject.name}` }]
  }
  const hosts = [...new Set([...subject.hosts, ...OWN_MACHINE, cluster])]
  const named = hosts.map((value): JsonGeneralName => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))
  return [...named, { type: 'url', value: `tranca://${cluster}/member/${subject.id}` }]
}

function dates({ nowMs, days }: Validity): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(nowMs - BACKDATED_MS), notAfter: new Date(nowMs + days * DAY_MS) }
}

/** Positive, so the first bit is clear; and without a zero in front, which would be printed by some only. */
function newSerial(): string {
  const bytes = randomBytes(SERIAL_SIZE)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes.toString('hex')
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key)
  return `${PemConverter.encode(der, PemConverter.PrivateKeyTag)}\n`
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}

function unusable(message: string): CliError {
  return new CliError('CERT_UNUSABLE', message, { message })
}
