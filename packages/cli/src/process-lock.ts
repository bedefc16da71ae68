import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** A file that says which process owns something; left behind by a dead process, it counts for nothing. */
export interface ProcessLock {
  release(): void
}

/** Takes the lock, or returns the id of the living process that has it. */
export function takeProcessLock(file: string): ProcessLock | number {
  mkdirSync(dirname(file), { recursive: true })
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(file, `${process.pid}\n`, { flag: 'wx', mode: 0o600 })
      return { release: () => rmSync(file, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const owner = readOwner(file)
    if (owner !== undefined && owner !== process.pid && isAlive(owner)) return owner
    if (owner === process.pid) return owner
    // Its writer is gone (or died between creating and writing): the next attempt creates it anew.
    rmSync(file, { force: true })
  }
  throw new Error(`${file} changes hands too quickly`)
}

function readOwner(file: string): number | undefined {
  try {
    const owner = Number.parseInt(readFileSync(file, 'utf8'), 10)
    return Number.isInteger(owner) && owner > 0 ? owner : undefined
  } catch {
    return undefined
  }
}

/** Whether there is a process of this id, also of another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
