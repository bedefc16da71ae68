import { strict as assert } from 'node:assert'
import type { Digits } from '../commands.ts'
import type { Core } from '../core.ts'
import type { Row } from '../rows.ts'
import { advance, countBetween, reaches, successor } from './digits.ts'

const RANGES_PER_BLOCK_MAX = 128

/**
 * The numbers of one counter that came back and wait to be issued again: ranges in order, in blocks of
 * bounded size, each a row of its own, so that one number more or less rewrites a small row.
 * Invariant: ranges ascend and are never adjacent; no block is empty.
 */
export class FreeNumbers {
  /** How many numbers. */
  size = 0
  readonly #core: Core
  readonly #counterKey: string
  readonly #digits: Digits
  readonly #blocks: Block[] = []

  constructor(core: Core, counterKey: string, digits: Digits) {
    this.#core = core
    this.#counterKey = counterKey
    this.#digits = digits
  }

  first(): string | undefined {
    return this.#blocks[0]?.from[0]
  }

  takeFirst(): string | undefined {
    const block = this.#blocks[0]
    const value = block?.from[0]
    if (block === undefined || value === undefined) return undefined
    if (value === block.to[0]) this.#removeRange(0, 0)
    else block.from[0] = successor(value, this.#digits)!
    if (!block.gone) this.#core.rows.mark(block)
    this.size -= 1
    return value
  }

  has(value: string): boolean {
    return this.hasAll(value, value)
  }

  /** Whether all of `from` .. `to` are free numbers, and both are among them. */
  hasAll(from: string, to: string): boolean {
    const [blockAt, at] = this.#locate(from)
    const block = this.#blocks[blockAt]
    if (block === undefined || at < 0) return false
    const start = block.from[at]!
    return to <= block.to[at]! && reaches(start, from, this.#digits) && reaches(start, to, this.#digits)
  }

  add(value: string): void {
    const [blockAt, at] = this.#locate(value)
    const block = this.#blocks[blockAt]
    const joinsBefore = block !== undefined && at >= 0 && successor(block.to[at]!, this.#digits) === value
    const [nextBlockAt, nextAt] = this.#after(blockAt, at)
    const nextBlock = this.#blocks[nextBlockAt]
    const joinsNext = nextBlock !== undefined && successor(value, this.#digits) === nextBlock.from[nextAt]
    this.size += 1
    if (joinsBefore && joinsNext) {
      block.to[at] = nextBlock.to[nextAt]!
      this.#core.rows.mark(block)
      this.#removeRange(nextBlockAt, nextAt)
    } else if (joinsBefore) {
      block.to[at] = value
      this.#core.rows.mark(block)
    } else if (joinsNext) {
      nextBlock.from[nextAt] = value
      this.#core.rows.mark(nextBlock)
    } else {
      this.#insert(blockAt, at + 1, value, value)
    }
  }

  /** Takes out a range of which all numbers are free. Returns how many. */
  remove(from: string, to: string): bigint {
    assert(this.hasAll(from, to), `${from} to ${to} are not all free in ${this.#counterKey}`)
    const [blockAt, at] = this.#locate(from)
    const block = this.#blocks[blockAt]!
    const start = block.from[at]!
    const end = block.to[at]!
    const count = countBetween(from, to, this.#digits)
    this.size -= Number(count)
    this.#core.rows.mark(block)
    if (start === from && end === to) {
      this.#removeRange(blockAt, at)
    } else if (start === from) {
      block.from[at] = successor(to, this.#digits)!
    } else {
      const before = countBetween(start, from, this.#digits) - 1n
      block.to[at] = advance(start, before - 1n, this.#digits)!
      if (end !== to) this.#insert(blockAt, at + 1, successor(to, this.#digits)!, end)
    }
    return count
  }

  /** All rows. */
  blocks(): readonly Row[] {
    return this.#blocks
  }

  *ranges(): Generator<readonly [string, string]> {
    for (const block of this.#blocks) {
      for (let at = 0; at < block.from.length; at += 1) yield [block.from[at]!, block.to[at]!]
    }
  }

  /** Blocks come in the order of their first number. */
  restore(id: number, value: unknown): void {
    const ranges = value as BlockRow
    const block = new Block(this.#counterKey, id)
    for (let at = 0; at < ranges.length; at += 2) {
      block.from.push(ranges[at]!)
      block.to.push(ranges[at + 1]!)
      this.size += Number(countBetween(ranges[at]!, ranges[at + 1]!, this.#digits))
    }
    block.stored = true
    const before = this.#blocks.findIndex((other) => other.from[0]! > block.from[0]!)
    this.#blocks.splice(before < 0 ? this.#blocks.length : before, 0, block)
  }

  /** The last range that begins at or before `value`: [block, range]; range -1 if there is none. */
  #locate(value: string): [number, number] {
    let low = 0
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#blocks[middle]!.from[0]! <= value) low = middle
      else high = middle - 1
    }
    const block = this.#blocks[low]
    if (block === undefined) return [0, -1]
    let first = -1
    let last = block.from.length - 1
    while (first < last) {
      const middle = (first + last + 1) >> 1
      if (block.from[middle]! <= value) first = middle
      else last = middle - 1
    }
    return [low, first]
  }

  #after(blockAt: number, at: number): [number, number] {
    const block = this.#blocks[blockAt]
    return block !== undefined && at + 1 >= block.from.length ? [blockAt + 1, 0] : [blockAt, at + 1]
  }

  #insert(blockAt: number, at: number, from: string, to: string): void {
    let block = this.#blocks[blockAt]
    if (block === undefined) {
      block = new Block(this.#counterKey, this.#core.nextOrder())
      this.#blocks.push(block)
    }
    block.from.splice(at, 0, from)
    block.to.splice(at, 0, to)
    this.#core.rows.mark(block)
    if (block.from.length <= RANGES_PER_BLOCK_MAX) return
    const half = block.from.length >> 1
    const right = new Block(this.#counterKey, this.#core.nextOrder())
    right.from.push(...block.from.splice(half))
    right.to.push(...block.to.splice(half))
    this.#blocks.splice(blockAt + 1, 0, right)
    this.#core.rows.mark(right)
  }

  #removeRange(blockAt: number, at: number): void {
    const block = this.#blocks[blockAt]!
    block.from.splice(at, 1)
    block.to.splice(at, 1)
    if (block.from.length > 0) {
      this.#core.rows.mark(block)
      return
    }
    this.#blocks.splice(blockAt, 1)
    this.#core.rows.remove(block)
  }
}

/** from, to, from, to ... */
type BlockRow = readonly string[]

/** Row `f/<counter>\0<id>`. */
class Block implements Row {
  readonly counterKey: string
  readonly id: number
  readonly from: string[] = []
  readonly to: string[] = []
  dirtyAt = -1
  stored = false
  gone = false

  constructor(counterKey: string, id: number) {
    this.counterKey = counterKey
    this.id = id
  }

  rowKey(): string {
    return `f/${this.counterKey}\0${this.id}`
  }

  rowValue(): BlockRow {
    return this.from.flatMap((from, at) => [from, this.to[at]!])
  }
}
