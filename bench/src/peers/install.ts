import { fileURLToPath } from 'node:url'
import { runCommand } from './command.ts'
import { limits } from './limits.ts'
import type { Peer } from './peer.ts'

const SCRIPT = fileURLToPath(new URL('../../../../scripts/system-packages.sh', import.meta.url))

/** Installs what a peer needs of Debian's packages, if it is missing. @throws PeerError that says how else */
export async function installPeer(
  { name, needsPackages }: Pick<Peer, 'name' | 'needsPackages'>,
  signal: AbortSignal,
): Promise<void> {
  if (!needsPackages) return
  await runCommand(['bash', SCRIPT, name], { timeoutMs: limits.installTimeoutMs, signal })
}
