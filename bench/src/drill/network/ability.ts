import { type Command, command } from './command.ts'
import { makerOf } from './plan.ts'

/**
 * Why this user cannot make network namespaces on this machine; `undefined` if it can. Tries it, and removes what a
 * drill that was killed left behind.
 */
export async function whyNoNetwork(
  run: Command = command,
  uid: number | undefined = process.getuid?.(),
): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces need Linux'
  if (uid !== 0) return `hosts in network namespaces are made by root only (this is user ${uid})`
  const probe = `tranca${process.pid}-probe`
  try {
    await sweep(run)
    await run('ip', ['netns', 'add', probe])
    await run('ip', ['-n', probe, 'link', 'add', 'bridge', 'type', 'bridge'])
    return undefined
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    const hint = said.includes('ENOENT') ? '; scripts/system-packages.sh installs iproute2' : ''
    return `no network namespaces here: ${said}${hint}`
  } finally {
    await run('ip', ['netns', 'del', probe]).catch(() => undefined)
  }
}

async function sweep(run: Command): Promise<void> {
  const listed = await run('ip', ['netns', 'list'])
  for (const line of listed.split('\n')) {
    const name = line.split(' ')[0] ?? ''
    const maker = makerOf(name)
    if (maker !== undefined && !isAlive(maker)) await run('ip', ['netns', 'del', name]).catch(() => undefined)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
