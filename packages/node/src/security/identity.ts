import { type Role, roles } from './roles.ts'

/** Whom a certificate names, in the words of one cluster. */
export type Identity =
  | { readonly kind: 'member'; readonly cluster: string; readonly id: number; readonly serial: string }
  | {
      readonly kind: 'client'
      readonly cluster: string
      readonly role: Role
      readonly name: string
      readonly serial: string
    }

const NAME = '[A-Za-z0-9][A-Za-z0-9._-]{0,63}'
const SHAPE = new RegExp(`^URI:tranca://(${NAME})/(member|${roles.join('|')})/(${NAME})$`)
const SCHEME = 'URI:tranca://'

/**
 * Reads who a certificate is for from its one subject alternative name of the form
 *
 *     tranca://CLUSTER/member/ID                      a member, by its number
 *     tranca://CLUSTER/{monitor|client|admin}/NAME    a client and its role
 *
 * The issuer is not looked at: that it is trusted must be known already.
 *
 * @param subjectAltName as Node prints it: `DNS:n1, URI:tranca://erp/member/1`
 * @returns undefined if there is none, more than one, or one in another form
 */
export function identityOf(certificate: {
  readonly subjectAltName: string | undefined
  readonly serialNumber: string
}): Identity | undefined {
  const { subjectAltName: names = '', serialNumber } = certificate
  // Node quotes values that could be taken for several names; those of this form never need it.
  if (names.includes('"')) return undefined
  const ours = names.split(', ').filter((name) => name.startsWith(SCHEME))
  const [, cluster, kind, name] = (ours.length === 1 && SHAPE.exec(ours[0]!)) || []
  if (cluster === undefined || kind === undefined || name === undefined) return undefined
  const serial = plainSerial(serialNumber)
  if (kind !== 'member') return { kind: 'client', cluster, role: kind as Role, name, serial }
  return /^[1-9]\d{0,4}$/.test(name) ? { kind, cluster, id: Number(name), serial } : undefined
}

/** A serial number in one form: hexadecimal in lower case, without zeros and colons before and in it. */
export function plainSerial(text: string): string {
  return text.toLowerCase().replaceAll(':', '').replace(/^0+/, '')
}
