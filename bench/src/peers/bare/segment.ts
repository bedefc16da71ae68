import { closeSync, constants, fsyncSync, openSync, write, writeSync } from 'node:fs'

const SIZE = 16 * 1024 * 1024

/** A log of one segment that was filled with zeros, written round and round; each write is durable when it ends. */
export class Segment {
  readonly #file: number
  #position = 0

  constructor(path: string) {
    const empty = openSync(path, 'w')
    writeSync(empty, Buffer.alloc(SIZE))
    fsyncSync(empty)
    closeSync(empty)
    this.#file = openSync(path, constants.O_RDWR | constants.O_DSYNC)
  }

  writeSync(frame: Buffer): void {
    writeSync(this.#file, frame, 0, frame.length, this.#place(frame.length))
  }

  write(frame: Buffer, done: () => void): void {
    write(this.#file, frame, 0, frame.length, this.#place(frame.length), (error) => {
      if (error) throw error
      done()
    })
  }

  #place(length: number): number {
    if (this.#position + length > SIZE) this.#position = 0
    const position = this.#position
    this.#position += length
    return position
  }
}
