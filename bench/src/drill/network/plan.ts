/** Names of namespaces and interfaces begin with this and the number of the process that made them. */
export const PREFIX = 'tranca'

/** A hardware address, administered locally, that no host has. */
export const NOBODY = '02:74:72:00:00:ff'

export function hardwareAddressOf(host: number): string {
  return `02:74:72:00:00:${host.toString(16).padStart(2, '0')}`
}

const SUBNETS = 512

/** Of 198.18.0.0/15, which RFC 2544 sets aside for tests of networks. */
export function addressOf(subnet: number, host: number): string {
  return `198.${18 + (subnet >> 8)}.${subnet & 255}.${host}`
}

export function subnetsToTry(id: number): number[] {
  return Array.from({ length: SUBNETS }, (_, step) => (id + step) % SUBNETS)
}

/** Number of the process that made a namespace of ours, `undefined` for somebody else's. */
export function makerOf(namespace: string): number | undefined {
  const found = new RegExp(`^${PREFIX}(\\d+)-`).exec(namespace)
  return found === null ? undefined : Number(found[1])
}
