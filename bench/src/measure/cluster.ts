import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openAdmin } from '@tranca/client'
import { type DevCluster, type DevClusterOptions, startDevCluster } from 'tranca/dev-cluster'
import { issueBenchKey } from './license-key.ts'
import type { LocalNode } from './nodes.ts'

/** Of all that is asked of a cluster while it is measured. */
export const NAMESPACE = 'bench'

/** The cluster that is measured. */
export interface Target {
  readonly addresses: readonly string[]
  /** Its nodes, if they run on this machine as children of this process. */
  readonly local: () => readonly LocalNode[]
  /** Why it cannot serve licenses; `undefined` if it can. */
  readonly unlicensed: string | undefined
  readonly close: () => Promise<void>
}

/** One that was started here. */
export interface OwnTarget extends Target {
  readonly cluster: DevCluster
}

/** A cluster that runs already, and is left as it was, but for what the sessions of the load leave behind. */
export function pointedAt(addresses: readonly string[]): Target {
  return {
    addresses,
    local: () => [],
    unlicensed: 'the key for these rows can only be installed in a cluster that the benchmark starts',
    close: async () => undefined,
  }
}

/**
 * Three processes (or `members`) on loopback with the settings as shipped, in a new directory under `home`; both go at the end.
 *
 * @param isLicensed installs a key of the benchmark's own, too
 */
export async function startTarget(options: {
  readonly home: string
  readonly isLicensed: boolean
  readonly signal: AbortSignal
  /** Default 3. */
  readonly members?: number
  /** Default: as shipped. */
  readonly checkpoint?: DevClusterOptions['checkpoint']
}): Promise<OwnTarget> {
  const { home, isLicensed, signal, members: count = 3, checkpoint } = options
  mkdirSync(home, { recursive: true })
  const directory = mkdtempSync(join(home, 'bench-'))
  const key = isLicensed ? issueBenchKey(Date.now()) : undefined
  const vendorPublicKey = key === undefined ? undefined : join(directory, 'vendor-public.pem')
  let cluster: DevCluster | undefined
  const close = async (): Promise<void> => {
    await cluster?.close()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    if (vendorPublicKey !== undefined) writeFileSync(vendorPublicKey, key!.publicKeyPem)
    cluster = await startDevCluster({
      directory: join(directory, 'cluster'),
      members: count,
      checkpoint,
      ports: 'free',
      logLevel: 'warn',
      vendorPublicKey,
    })
    await cluster.whenReady({ signal })
    const { members, addresses } = cluster
    const started = cluster
    const unlicensed = key === undefined ? 'no row needs a key' : await install(key.keyFile, addresses)
    return {
      cluster: started,
      addresses,
      local: () => members.map(({ name, pid, admin }) => ({ name, pid, admin })),
      unlicensed,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Returns why that was not possible. */
async function install(file: string, addresses: readonly string[]): Promise<string | undefined> {
  const admin = openAdmin(addresses)
  try {
    await admin.request({ op: 'key.install', file })
    return undefined
  } catch (error) {
    return `the key could not be installed: ${error instanceof Error ? error.message : error}`
  } finally {
    await admin.close()
  }
}
