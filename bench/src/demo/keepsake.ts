import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { ClusterState } from '../audit/state.ts'

/** What the cluster had said when a run ended, kept beside its data for the next run's audit. */
interface Keepsake {
  readonly version: 1
  readonly state: ClusterState
}

export function saveState(file: string, state: ClusterState): void {
  const keepsake: Keepsake = { version: 1, state }
  writeFileSync(`${file}.new`, `${JSON.stringify(keepsake)}\n`)
  renameSync(`${file}.new`, file)
}

/** `undefined` if there was no earlier run. @throws Error if the file cannot be used */
export function loadState(file: string): ClusterState | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const keepsake = JSON.parse(text) as Partial<Keepsake>
  if (keepsake.version !== 1 || keepsake.state === undefined) {
    throw new Error(`${file}: not written by this version; remove it, or begin with --fresh`)
  }
  return keepsake.state
}
