import type { RawNode } from '@tranca/raft-ts'
import { limits } from '../limits.ts'

type Callback = (current: boolean) => void

interface Round {
  readonly callbacks: readonly Callback[]
  /** 0: the quorum has not confirmed this leader yet. */
  index: number
}

/**
 * Linearizable reads without the log: one round of ReadIndex serves all reads of a turn
 * (Raft dissertation, section 6.4).
 */
export class ReadQueue {
  readonly #raft: RawNode
  #waiting: Callback[] = []
  /** Rounds asked for, by context; in order. */
  readonly #rounds = new Map<string, Round>()
  #roundCount = 0
  #size = 0

  constructor(raft: RawNode) {
    this.#raft = raft
  }

  get size(): number {
    return this.#size
  }

  add(callback: Callback): void {
    if (this.#size >= limits.readsMax) return callback(false)
    this.#waiting.push(callback)
    this.#size++
  }

  /** End of a turn: asks the core to confirm this leader, or says no to all. */
  flush(serving: boolean): void {
    if (!serving) return this.fail()
    if (this.#waiting.length === 0) return
    const context = `${this.#raft.term}.${++this.#roundCount}`
    if (!this.#raft.readIndex(context).ok) return
    this.#rounds.set(context, { callbacks: this.#waiting, index: 0 })
    this.#waiting = []
  }

  confirmed(context: string, index: number): void {
    const round = this.#rounds.get(context)
    if (round) round.index = index
  }

  /** Answers the rounds that are confirmed and whose index is applied. */
  serve(applied: number): void {
    for (const [context, round] of this.#rounds) {
      if (round.index === 0 || round.index > applied) continue
      this.#rounds.delete(context)
      this.#size -= round.callbacks.length
      for (const callback of round.callbacks) callback(true)
    }
  }

  /** This node does not lead any more. */
  fail(): void {
    if (this.#size === 0) return
    const callbacks = [...[...this.#rounds.values()].flatMap((round) => round.callbacks), ...this.#waiting]
    this.#rounds.clear()
    this.#waiting = []
    this.#size = 0
    for (const callback of callbacks) callback(false)
  }
}
