import type { MemberDrain, MemberRemove, MemberSeen, MemberSet } from '../commands.ts'
import type { Core } from '../core.ts'
import { isName, NAME_EXPECTED } from '../names.ts'
import type { MemberView } from '../reads.ts'
import { invalid, NOTHING, type Result } from '../result.ts'
import type { Row } from '../rows.ts'

/** A cluster member as the others know it. Row `n/<id>`. */
class Member implements Row {
  readonly id: number
  name = ''
  /** Address for the other members. */
  peer = ''
  /** Address for clients. */
  client = ''
  drained = false
  /** How often it started, as far as it told; only grows. */
  starts = 0
  /** Which start it was: two under one number betray an old copy of a directory. */
  run = ''
  /** How far its log had got; only grows. A node that comes back with less has lost its disk. */
  lastIndex = 0
  dirtyAt = -1
  stored = false
  gone = false

  constructor(id: number) {
    this.id = id
  }

  rowKey(): string {
    return `n/${this.id}`
  }

  rowValue(): MemberView {
    const { id, name, peer, client, drained, starts, run, lastIndex } = this
    return { id, name, peer, client, drained, starts, run, lastIndex }
  }
}

const DONE: Result = { ok: true, value: NOTHING }

/** The cluster's address book, and what its members remember about each other. */
export class Members {
  readonly core: Core
  readonly table = new Map<number, Member>()

  constructor(core: Core) {
    this.core = core
  }

  set({ id, name, peer, client }: MemberSet): Result {
    if (!Number.isSafeInteger(id) || id < 1) return invalid('id', id, 'a whole number above 0')
    if (!isName(name)) return invalid('name', name, NAME_EXPECTED)
    const member = this.table.get(id) ?? new Member(id)
    if (id > this.core.memberId) this.core.memberId = id
    member.name = name
    member.peer = peer
    member.client = client
    this.table.set(id, member)
    return this.#changed(member)
  }

  remove({ id }: MemberRemove): Result {
    const member = this.table.get(id)
    if (member === undefined) return DONE
    this.table.delete(id)
    this.core.rows.remove(member)
    this.core.emit('member.changed', '', member.name, 0, '')
    return DONE
  }

  drain({ id, drained }: MemberDrain): Result {
    const member = this.table.get(id)
    if (member === undefined) return invalid('id', id, 'a known member')
    member.drained = drained
    return this.#changed(member)
  }

  seen({ marks }: MemberSeen): Result {
    for (const { id, starts, run, lastIndex } of marks) {
      const member = this.table.get(id)
      if (member === undefined) continue
      const isNewRun = starts > member.starts || (starts === member.starts && member.run === '' && run !== '')
      if (!isNewRun && lastIndex <= member.lastIndex) continue
      if (isNewRun) {
        member.starts = starts
        member.run = run
      }
      member.lastIndex = Math.max(lastIndex, member.lastIndex)
      this.core.rows.mark(member)
    }
    return DONE
  }

  list(): MemberView[] {
    return [...this.table.values()].map((member) => member.rowValue()).sort((a, b) => a.id - b.id)
  }

  restore(value: unknown): void {
    const row = value as MemberView
    const member = new Member(row.id)
    Object.assign(member, row)
    member.stored = true
    this.table.set(member.id, member)
  }

  #changed(member: Member): Result {
    this.core.rows.mark(member)
    this.core.emit('member.changed', '', member.name, 0, '')
    return DONE
  }
}
