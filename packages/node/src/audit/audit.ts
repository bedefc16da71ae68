import { Ledger } from '@tranca/ledger'
import { decodeOperation, ProtocolError } from '@tranca/protocol'
import { decodeConfChange, type Entry } from '@tranca/raft-ts'
import { type DirectoryContents, nodeDisk, readDirectory } from '@tranca/storage'
import { NodeError } from '../errors.ts'
import { commandOf } from '../members/changes.ts'
import { decodeBatch } from '../replica/batch.ts'
import { UnitBook, type UnitCount, type UnitExcess } from './unit-book.ts'

/** The first thing that is wrong; nothing after it is judged. */
export interface Violation {
  /** The log entry after which it showed; the checkpoint's index if the checkpoint has it already. */
  readonly index: number
  /** What the entry was about to do: its operations, the last one being that which was just applied. */
  readonly operations: readonly string[]
  /** `units`: more in use than in force. `invariant`: the state contradicts itself. `unreadable`: the entry. */
  readonly kind: 'units' | 'invariant' | 'unreadable'
  /** In plain English. */
  readonly text: string
  readonly excess?: UnitExcess
}

export interface AuditReport {
  readonly ok: boolean
  readonly clusterId: string
  readonly nodeId: string
  /** The node was stopped in order. */
  readonly clean: boolean
  readonly checkpoint: { readonly index: number; readonly rows: number }
  /** Last entry that was judged: as far as this directory knows entries to be committed. */
  readonly commit: number
  /** Entries replayed, and the commands in them. */
  readonly entries: number
  readonly commands: number
  /** Entries behind the commit index: perhaps never acknowledged, so they are not judged. */
  readonly uncommitted: number
  readonly products: number
  readonly units: readonly UnitCount[]
  readonly violation?: Violation
}

/**
 * Replays a stopped node's directory through a fresh ledger and judges each step: the last checkpoint, then
 * every entry after it that is known to be committed. After each entry the ledger's own invariants must hold,
 * and after each command a count of units that is independent of the ledger must be within what is in force.
 * Changes nothing.
 *
 * @throws `StorageRefusal` if the directory cannot be read as a start would have to
 */
export async function auditDirectory(directory: string): Promise<AuditReport> {
  return audit(await readDirectory(nodeDisk(), directory))
}

/** The same for what has been read already. */
export function audit(contents: DirectoryContents): AuditReport {
  const { clusterId, nodeId, clean, checkpoint, commit, entries } = contents
  const replay = new Replay(contents)
  const judged = entries.filter(({ index }) => index <= commit)
  const violation = replay.run(judged)
  const units = replay.book.counts()
  return {
    ok: violation === undefined,
    clusterId,
    nodeId,
    clean,
    checkpoint: { index: checkpoint.index, rows: checkpoint.rows },
    commit,
    entries: replay.entries,
    commands: replay.commands,
    uncommitted: entries.length - judged.length,
    products: new Set(units.map(({ product }) => product)).size,
    units,
    ...(violation === undefined ? {} : { violation }),
  }
}

class Replay {
  readonly book = new UnitBook()
  entries = 0
  commands = 0
  readonly #contents: DirectoryContents
  #ledger: Ledger | undefined
  #index = 0
  #operations: string[] = []

  constructor(contents: DirectoryContents) {
    this.#contents = contents
    this.#index = contents.checkpoint.index
  }

  run(entries: readonly Entry[]): Violation | undefined {
    try {
      const excess = this.#begin()
      if (excess !== undefined) return this.#tooMany(excess)
      for (const entry of entries) {
        const found = this.#entry(entry)
        if (found !== undefined) return this.#tooMany(found)
        this.#ledger!.checkInvariants()
        this.entries++
      }
      return undefined
    } catch (error) {
      if (!(error instanceof Error)) throw error
      const isUnreadable = error instanceof NodeError || error instanceof ProtocolError
      // Rows that no ledger can be made of break it in other ways than by an assertion.
      return this.#violation(isUnreadable ? 'unreadable' : 'invariant', error.message)
    }
  }

  /** The checkpoint itself is judged before anything is replayed. */
  #begin(): UnitExcess | undefined {
    const { rows, checkpoint } = this.#contents
    const sink = { answer: () => {}, event: () => {} }
    this.book.take(rows, checkpoint.index)
    const excess = this.book.checkFirst()
    if (excess !== undefined) return excess
    this.#ledger = Ledger.restore(rows, { sink })
    this.#ledger.checkInvariants()
    return undefined
  }

  #entry(entry: Entry): UnitExcess | undefined {
    this.#index = entry.index
    this.#operations = []
    const ledger = this.#ledger!
    const { index, term } = entry
    if (entry.type !== 'normal') {
      const command = commandOf(decodeConfChange(entry))
      if (command === undefined) return undefined
      this.#operations.push(command.op)
      ledger.begin({ index, term, timeMs: 0, wallMs: 0 })
      ledger.applyInternal(command)
      this.commands++
      return this.#step()
    }
    if (entry.data.length === 0) return undefined
    const { timeMs, wallMs, items } = decodeBatch(entry.data, index)
    ledger.begin({ index, term, timeMs, wallMs })
    let excess = this.#step()
    for (const item of items) {
      if (excess !== undefined) return excess
      const decoded = decodeOperation(item.bytes)
      if (item.kind === 'internal' && decoded.kind === 'internal') {
        this.#operations.push(decoded.operation.op)
        ledger.applyInternal(decoded.operation)
      } else if (item.kind === 'client' && decoded.kind === 'command') {
        const { session, generation } = item
        const { id, acks, operation } = decoded
        this.#operations.push(operation.op)
        ledger.apply({ session, generation, id, acks, operation })
      } else {
        throw new NodeError(
          'ENTRY_UNREADABLE',
          `log entry ${index}: a ${decoded.kind} in the place of a command`,
        )
      }
      this.commands++
      excess = this.#step()
    }
    return excess
  }

  #step(): UnitExcess | undefined {
    this.book.take(this.#ledger!.takeChanges(), this.#index)
    return this.book.check()
  }

  #tooMany(excess: UnitExcess): Violation {
    const { product, name, installation, units, inForce } = excess
    const text = `product ${product} ${name} in ${installation}: ${units} units in use, ${inForce} in force`
    return { ...this.#violation('units', text), excess }
  }

  #violation(kind: Violation['kind'], text: string): Violation {
    return { index: this.#index, operations: this.#operations, kind, text: text.split('\n')[0]! }
  }
}
