import type { CodeRelease, CodeReleaseAll, CodeReserve } from '../commands.ts'
import type { Core } from '../core.ts'
import { Holding, type Owner, type Session } from '../graph.ts'
import { isName, isOwner, NAME_EXPECTED, nameKey, nameOf, OWNER_EXPECTED } from '../names.ts'
import { type Holder, invalid, type Result, refuse } from '../result.ts'
import type { Row } from '../rows.ts'

// Code reservations: what an ERP's MayIUseCode and Leave1Code do. Exclusive, never waited for, in a name
// space of their own, with a cap for each session.

const RESERVED: Result = Object.freeze({ ok: true, value: Object.freeze({ reserved: true }) })

/** A reserved code. Row `k/<namespace>\0<code>`. */
export class CodeHold extends Holding implements Row {
  readonly key: string
  readonly sinceMs: number
  dirtyAt = -1
  stored = false
  gone = false

  constructor(owner: Owner, order: number, key: string, sinceMs: number) {
    super(owner, order)
    this.key = key
    this.sinceMs = sinceMs
  }

  get kind(): 'code' {
    return 'code'
  }

  view(): Holder {
    return {
      session: this.owner.session.id,
      client: this.owner.session.client,
      owner: this.owner.name,
      mode: 'exclusive',
      token: 0,
      sinceMs: this.sinceMs,
      count: 1,
    }
  }

  rowKey(): string {
    return `k/${this.key}`
  }

  rowValue(): CodeRow {
    return [this.owner.session.id, this.owner.name, this.sinceMs, this.order]
  }
}

/** [session, owner, sinceMs, order] */
type CodeRow = readonly [number, string, number, number]

export class Codes {
  readonly core: Core
  readonly table = new Map<string, CodeHold>()

  constructor(core: Core) {
    this.core = core
  }

  reserve(session: Session, { owner: ownerName, code }: CodeReserve): Result {
    if (!isOwner(ownerName)) return invalid('owner', ownerName, OWNER_EXPECTED)
    if (!isName(code)) return invalid('code', code, NAME_EXPECTED)
    const { core } = this
    const key = nameKey(session.namespace, code)
    const held = this.table.get(key)
    if (held !== undefined) {
      if (held.owner.session === session && held.owner.name === ownerName) return RESERVED
      return refuse('codeHeld', { code, holder: held.view() })
    }
    if (session.codeCount >= session.codesMax) return refuse('codesExceeded', { max: session.codesMax })
    if (this.table.size >= core.limits.namesMax) return refuse('namesExceeded', { max: core.limits.namesMax })
    const owner = session.owner(ownerName)
    const hold = new CodeHold(owner, core.nextOrder(), key, core.wallMs)
    this.#add(hold)
    core.rows.mark(hold)
    core.emit('code.reserved', session.namespace, code, session.id, ownerName)
    return RESERVED
  }

  /** Called by clients also after a failed reservation: never an error, never someone else's. */
  release(session: Session, { owner, code }: CodeRelease): Result {
    const held = this.table.get(nameKey(session.namespace, code))
    const isMine = held !== undefined && held.owner.session === session && held.owner.name === owner
    if (isMine) this.drop(held)
    return { ok: true, value: { released: isMine } }
  }

  releaseAll(session: Session, operation: CodeReleaseAll): Result {
    let released = 0
    let held = session.owners.get(operation.owner)?.firstHolding
    while (held !== undefined) {
      const next: Holding | undefined = held.nextOfOwner
      if (held instanceof CodeHold) {
        this.drop(held)
        released += 1
      }
      held = next
    }
    return { ok: true, value: { released } }
  }

  drop(hold: CodeHold): void {
    const { owner } = hold
    const { session } = owner
    this.table.delete(hold.key)
    this.core.rows.remove(hold)
    session.codeCount -= 1
    owner.removeHolding(hold)
    this.core.emit('code.released', session.namespace, nameOf(hold.key), session.id, owner.name)
  }

  /** The caller links it to its owner, in the order of all holdings. */
  restore(key: string, value: unknown, owner: (session: number, name: string) => Owner): CodeHold {
    const [session, name, sinceMs, order] = value as CodeRow
    const hold = new CodeHold(owner(session, name), order, key, sinceMs)
    hold.stored = true
    this.table.set(key, hold)
    return hold
  }

  #add(hold: CodeHold): void {
    this.table.set(hold.key, hold)
    hold.owner.session.codeCount += 1
    hold.owner.addHolding(hold)
  }
}
