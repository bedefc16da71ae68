import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from '../network/command.ts'

const source = fileURLToPath(new URL('../../../../native/faulty-sync.c', import.meta.url))

/**
 * Builds what is preloaded into members.
 *
 * @returns the library's path
 * @throws DrillError `COMMAND_FAILED`
 */
export async function compileShim(run: Command, folder: string): Promise<string> {
  const library = join(folder, 'faulty-sync.so')
  await run('cc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl', '-lpthread'])
  return library
}
