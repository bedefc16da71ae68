import { accessSync, constants, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { UsageError } from './usage-error.ts'

/**
 * Refuses a file that could not be written when the work is done: nobody runs something for an hour to learn at its end
 * that the folder is not there. Makes and changes nothing.
 *
 * @param option by which the file was named, such as `--json`
 * @param file undefined if it was not given
 * @throws UsageError
 */
export function checkWritable(option: string, file: string | undefined): void {
  if (file === undefined) return
  const refused = (why: string): UsageError =>
    new UsageError(`${option}: ${JSON.stringify(file)}, expected a file that can be written: ${why}`)
  try {
    const place = statSync(file, { throwIfNoEntry: false })
    if (place?.isDirectory()) throw refused('it is a folder')
    accessSync(place === undefined ? dirname(resolve(file)) : file, constants.W_OK)
  } catch (error) {
    throw error instanceof UsageError
      ? error
      : refused(error instanceof Error ? error.message : String(error))
  }
}
