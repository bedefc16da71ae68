import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, command } from '../network/command.ts'
import { compileShim } from './shim.ts'

/** Why this machine cannot make a sync fail; `undefined` if it can. */
export async function whyNoShim(run: Command = command): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'failing syncs need Linux'
  const folder = await mkdtemp(join(tmpdir(), 'tranca-shim-'))
  try {
    await compileShim(run, folder)
    return undefined
  } catch (error) {
    return `no C compiler here: ${error instanceof Error ? error.message : error}`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Why this user cannot mount a small disk for a member; `undefined` if it can. */
export async function whyNoMount(
  run: Command = command,
  uid: number | undefined = process.getuid?.(),
): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'small disks in memory need Linux'
  if (uid !== 0) return `small disks are mounted by root only (this is user ${uid})`
  const folder = await mkdtemp(join(tmpdir(), 'tranca-mount-'))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder])
    await run('umount', [folder])
    return undefined
  } catch (error) {
    return `no disk can be mounted here: ${error instanceof Error ? error.message : error}`
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined)
  }
}
