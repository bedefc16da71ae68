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
import { type KeyRefusal, refuse, refuseFor } from './refusal.ts'
import { checkSigned, type Signed } from './signed-text.ts'
import { checkValidation, type ReadValidation, type Validation, type ValidationFile } from './validation.ts'

/** A key that cannot be used to sign or verify. The message never has a part of it. */
export class KeyMaterialError extends Error {
  readonly code: 'PRIVATE_KEY_INVALID' | 'PUBLIC_KEY_INVALID'

  constructor(code: KeyMaterialError['code'], expected: string) {
    super(`the ${code === 'PRIVATE_KEY_INVALID' ? 'private' : 'public'} key is not ${expected}`)
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
  return signBody(checkBody(body, 'body'), privateKeyPem)
}

/** Whether this vendor signed exactly this body. */
export function verifyKey(file: KeyFile, publicKeyPem: string): ReadKey {
  let key: KeyFile
  try {
    key = checkKeyFile(file, '')
  } catch (error) {
    readPublic(publicKeyPem)
    return refuseFor('invalid', error)
  }
  return vendorRefusal(key, publicKeyPem) ?? { ok: true, key }
}

/** Signs the answer to a validation; a body that breaks a rule is a `FieldError`. */
export function signValidation(body: Validation, privateKeyPem: string): ValidationFile {
  return signBody(checkValidation(body, 'body'), privateKeyPem)
}

/** Whether this vendor signed exactly this answer. Whose it is, and its nonce, are the asker's to compare. */
export function verifyValidation(value: unknown, publicKeyPem: string): ReadValidation {
  let file: ValidationFile
  try {
    file = checkValidationFile(value, '')
  } catch (error) {
    return refuseFor('invalid', error)
  }
  return vendorRefusal(file, publicKeyPem) ?? { ok: true, body: file.body }
}

const checkValidationFile = checkSigned(checkValidation)

function vendorRefusal(signed: Signed<unknown>, publicKeyPem: string): KeyRefusal | undefined {
  const { state, keyId } = verifySigned(signed, publicKeyPem)
  if (state === 'otherKey') {
    return refuse('otherVendor', 'keyId', signed.keyId, `${keyId}, the vendor's key of this configuration`)
  }
  if (state === 'damaged') {
    return refuse('damaged', 'signature', signed.signature, `the signature of ${keyId} over this body`)
  }
  return undefined
}

/** The body must have been checked. */
export function signBody<B>(body: B, privateKeyPem: string): Signed<B> {
  const privateKey = readPrivate(privateKeyPem)
  const signature = sign(null, Buffer.from(canonicalize(body)), privateKey).toString('base64')
  return { body, signature, keyId: idOf(createPublicKey(privateKey)) }
}

export interface SignatureVerdict {
  readonly state: 'good' | 'damaged' | 'otherKey'
  /** Of the public key that it was checked with. */
  readonly keyId: string
}

export function verifySigned(signed: Signed<unknown>, publicKeyPem: string): SignatureVerdict {
  const publicKey = readPublic(publicKeyPem)
  const keyId = idOf(publicKey)
  if (signed.keyId !== keyId) return { state: 'otherKey', keyId }
  const bytes = Buffer.from(canonicalize(signed.body))
  const isGood = verify(null, bytes, publicKey, Buffer.from(signed.signature, 'base64'))
  return { state: isGood ? 'good' : 'damaged', keyId }
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
