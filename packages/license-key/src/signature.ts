import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { checkBody, type KeyBody } from './body.ts'
import { canonicalize } from './canonical.ts'
import { checkKeyFile, type KeyFile, type ReadKey } from './key-file.ts'
import { refuse, refuseFor } from './refusal.ts'

/** A key of the vendor that cannot be used. The message never has a part of the key. */
export class KeyMaterialError extends Error {
  readonly code: 'PRIVATE_KEY_INVALID' | 'PUBLIC_KEY_INVALID'

  constructor(code: KeyMaterialError['code'], expected: string) {
    super(`the vendor's ${code === 'PRIVATE_KEY_INVALID' ? 'private' : 'public'} key is not ${expected}`)
    this.name = 'KeyMaterialError'
    this.code = code
  }
}

export interface KeyPair {
  /** PKCS #8, PEM: secret. */
  readonly privateKeyPem: string
  /** SubjectPublicKeyInfo, PEM: what nodes are configured with. */
  readonly publicKeyPem: string
  readonly keyId: string
}

export function generateKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    keyId: idOf(publicKey),
  }
}

/** The first 16 hex digits of SHA-256 over the 32 bytes of the public key. */
export function keyIdOf(publicKeyPem: string): string {
  return idOf(readPublic(publicKeyPem))
}

/** The public key that belongs to a private one, PEM. */
export function publicKeyOf(privateKeyPem: string): string {
  return createPublicKey(readPrivate(privateKeyPem)).export({ type: 'spki', format: 'pem' }).toString()
}

/**
 * Signs a body that keeps all rules: one that does not is a `FieldError`, an unusable key a
 * `KeyMaterialError`. The same body and key always give the same file.
 */
export function signKey(body: KeyBody, privateKeyPem: string): KeyFile {
  const privateKey = readPrivate(privateKeyPem)
  const checked = checkBody(body, 'body')
  const signature = sign(null, Buffer.from(canonicalize(checked)), privateKey).toString('base64')
  return { body: checked, signature, keyId: idOf(createPublicKey(privateKey)) }
}

/** Whether this vendor signed exactly this body. */
export function verifyKey(file: KeyFile, publicKeyPem: string): ReadKey {
  const publicKey = readPublic(publicKeyPem)
  let key: KeyFile
  try {
    key = checkKeyFile(file, '')
  } catch (error) {
    return refuseFor('invalid', error)
  }
  const keyId = idOf(publicKey)
  if (key.keyId !== keyId) {
    return refuse('otherVendor', 'keyId', key.keyId, `${keyId}, the vendor's key of this configuration`)
  }
  if (!verify(null, Buffer.from(canonicalize(key.body)), publicKey, Buffer.from(key.signature, 'base64'))) {
    return refuse('damaged', 'signature', key.signature, `the signature of ${keyId} over this body`)
  }
  return { ok: true, key }
}

function idOf(publicKey: KeyObject): string {
  const { x } = publicKey.export({ format: 'jwk' })
  return createHash('sha256')
    .update(Buffer.from(x ?? '', 'base64url'))
    .digest('hex')
    .slice(0, KEY_ID_LENGTH)
}

const KEY_ID_LENGTH = 16

function readPrivate(pem: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch {
    // The cause is left out: it may quote what it could not read.
    throw new KeyMaterialError('PRIVATE_KEY_INVALID', 'a private key in PEM form')
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new KeyMaterialError('PRIVATE_KEY_INVALID', 'an Ed25519 key')
  return key
}

function readPublic(pem: string): KeyObject {
  // A private key would be taken for its public half: it must not lie where public keys lie.
  if (/PRIVATE KEY/.test(pem))
    throw new KeyMaterialError('PUBLIC_KEY_INVALID', 'public: it is the private one')
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch {
    throw new KeyMaterialError('PUBLIC_KEY_INVALID', 'a public key in PEM form')
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new KeyMaterialError('PUBLIC_KEY_INVALID', 'an Ed25519 key')
  return key
}
