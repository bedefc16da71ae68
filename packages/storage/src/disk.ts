/**
 * The only way to the disk, so that a simulator can lose, tear, damage and refuse. Paths use `/`.
 *
 * What is assumed of a disk: a sector of 512 bytes is written whole or not at all; what was reported as
 * durable stays. A write of several sectors that a crash interrupts may leave any subset of them.
 */
export interface Disk {
  /**
   * Opens for writing. `durable`: a write that has resolved survives a crash (O_DSYNC), provided that the
   * file had its size before. Otherwise `sync` makes it so. `create` makes the file if it is missing.
   */
  open(path: string, options: { durable: boolean; create?: boolean }): Promise<DiskFile>
  /** The whole file, or a part that may be cut short by the file's end. Throws NOT_FOUND. */
  read(path: string, part?: { position: number; length: number }): Promise<Buffer>
  /** Names in a folder, sorted. Throws NOT_FOUND. */
  list(path: string): Promise<string[]>
  exists(path: string): Promise<boolean>
  size(path: string): Promise<number>
  rename(from: string, to: string): Promise<void>
  /** Removes a file, or a folder with all that is in it; nothing happens if it is missing. */
  remove(path: string): Promise<void>
  /** Makes a folder and those above it. */
  makeDirectory(path: string): Promise<void>
  /** Makes names that were created, renamed or removed in this folder survive a crash. */
  syncDirectory(path: string): Promise<void>
  /** Creates (or empties) a file and fills it with zeros; its bytes and its name are durable when resolved. */
  preallocate(path: string, size: number): Promise<void>
  /** Bytes that can still be written. */
  freeSpace(path: string): Promise<number>
}

export interface DiskFile {
  /**
   * Writes all the bytes at the position, or rejects. One write at a time. `mayBlock`: nothing more useful is
   * to be done meanwhile, so a disk that is quick may hold up the whole process rather than ask a thread.
   */
  write(data: Uint8Array, position: number, mayBlock?: boolean): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

export function parentOf(path: string): string {
  const cut = path.lastIndexOf('/')
  return cut < 0 ? '.' : cut === 0 ? '/' : path.slice(0, cut)
}
