import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The file of a load program's source. */
export function sourceOf(name: string): string {
  return fileURLToPath(new URL(`../../../peers/${name}`, import.meta.url))
}

/** Whether what was built is there, and younger than its source. */
export function isBuilt(built: string, source: string): boolean {
  const there = statSync(built, { throwIfNoEntry: false })
  return there !== undefined && there.mtimeMs > statSync(source).mtimeMs
}
