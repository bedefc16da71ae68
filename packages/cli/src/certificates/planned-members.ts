import { isIP } from 'node:net'
import { parseAddress } from '@tranca/client'
import { parse } from 'yaml'
import { usage } from '../errors.ts'
import { readGiven } from './certificate-files.ts'

/** A member that is to get a certificate. */
export interface CertifiedMember {
  readonly id: number
  readonly name: string
  /** Host names and IP addresses. */
  readonly hosts: readonly string[]
}

export interface CertifiedCluster {
  readonly cluster: string
  readonly members: readonly CertifiedMember[]
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const HOST = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/

/**
 * Reads the cluster's name and members from a node's configuration, whatever else is in it: its `tls` may
 * name files that are still to be made.
 */
export async function membersOfConfig(file: string): Promise<CertifiedCluster> {
  const { configSchema } = await import('@tranca/node')
  let raw: unknown
  try {
    raw = parse(readGiven('--config', file))
  } catch (error) {
    throw usage(`--config: ${file}: ${(error as Error).message}`)
  }
  const found = configSchema.pick({ cluster: true, members: true }).strip().safeParse(raw)
  if (!found.success) {
    const complaints = found.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw usage(`--config: ${file}: ${complaints.join('; ')}`)
  }
  const { cluster, members } = found.data
  return {
    cluster,
    members: members.map(({ id, name, peer, client }) => ({
      id,
      name,
      hosts: [hostOf(client), hostOf(peer)],
    })),
  }
}

/** Reads `n1=10.0.0.1,n2=erp2.example.com`: names and hosts, numbered from 1. */
export function membersOfList(text: string): CertifiedMember[] {
  return text.split(',').map((item, at) => {
    const [name = '', host = ''] = item.trim().split('=', 2)
    return { id: at + 1, name: checkName('--members', name), hosts: [checkHost('--members', host)] }
  })
}

/** Reads hosts with commas between them; none if nothing is given. */
export function hostList(flag: string, text: string | undefined): string[] {
  const items = (text ?? '').split(',').map((item) => item.trim())
  return items.filter((item) => item !== '').map((item) => checkHost(flag, item))
}

/** @throws CliError `USAGE` unless it may stand in a certificate as the name of a cluster, member or client */
export function checkName(flag: string, name: string): string {
  if (NAME.test(name)) return name
  throw usage(`${flag}: ${JSON.stringify(name)}: expected letters, digits, dot, dash or underscore, up to 64`)
}

function checkHost(flag: string, host: string): string {
  if (HOST.test(host) || isIP(host) !== 0) return host
  throw usage(`${flag}: ${JSON.stringify(host)}: expected a host name or an IP address, without a port`)
}

function hostOf(address: string): string {
  return checkHost('--config', parseAddress(address).host)
}
