import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
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
  const refused = (why: string): UsageError => refusal(option, file, 'file', why)
  try {
    const place = statSync(file, { throwIfNoEntry: false })
    if (place?.isDirectory()) throw refused('it is a folder')
    accessSync(place === undefined ? dirname(resolve(file)) : file, constants.W_OK)
  } catch (error) {
    throw error instanceof UsageError ? error : refused(messageOf(error))
  }
}

/**
 * Makes a folder for what comes later, with those that it is in, and refuses one in which nothing could be written.
 *
 * @param option by which the folder was named, such as `--histories`
 * @param folder undefined if it was not given
 * @throws UsageError
 */
export function makeFolder(option: string, folder: string | undefined): void {
  if (folder === undefined) return
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
  } catch (error) {
    throw refusal(option, folder, 'folder', messageOf(error))
  }
}

function refusal(option: string, path: string, what: 'file' | 'folder', why: string): UsageError {
  return new UsageError(`${option}: ${JSON.stringify(path)}, expected a ${what} that can be written: ${why}`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
