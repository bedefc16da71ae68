import type { RequestOf, ResultOf, Session } from '@tranca/client'
import type { Operation } from '@tranca/history'
import type { Call, Ending } from './calls.ts'
import { done, maybe, ownerOf } from './words.ts'

type Mode = 'exclusive' | 'shared'

interface Hold {
  token: number
  mode: Mode
  /** It may have been given back. */
  isDoubtful: boolean
}

/** All that a user of a session holds, as it knows. */
interface Hands {
  readonly session: Session
  readonly user: string
  readonly holds: Map<string, Hold>
}

/**
 * Locks in the words of the history checker. Re-entrance is no grant: only the first acquire and the last release
 * are. An acquire whose answer nobody waited for may have been granted, and its grant may have been given back by
 * the library: both are operations without an answer. A refusal says nothing, since a lock may be kept for somebody
 * who waits, or after a session's end.
 */
export class LockHistory {
  readonly operations: Operation[] = []
  readonly #hands = new Map<string, Hands>()

  see(call: Call): void {
    const { request, outcome } = call
    if (outcome === 'refused') return
    switch (request.op) {
      case 'lock.acquire':
        this.#acquire(call, request.locks, call.result as ResultOf<'lock.acquire'> | undefined)
        break
      case 'bundle':
        request.parts.forEach((part, at) => {
          if (part.op !== 'lock.acquire') return
          const result = call.result as ResultOf<'bundle'> | undefined
          this.#acquire(call, part.locks, result?.results[at] as ResultOf<'lock.acquire'> | undefined)
        })
        break
      case 'lock.release':
        this.#release(call, request.names, call.result as ResultOf<'lock.release'> | undefined)
        break
      case 'owner.release':
        for (const name of [...this.#handsOf(call).holds.keys()]) this.#giveBack(call, name)
        break
      case 'lock.get':
        if (outcome === 'done') this.#look(call, request.name, call.result as ResultOf<'lock.get'>)
        break
      default:
    }
  }

  /** After all calls. */
  ended({ session, atMs }: Ending): void {
    for (const hands of this.#hands.values()) {
      if (hands.session !== session) continue
      const owner = ownerOf(session.id, hands.user)
      for (const [lock, { token }] of hands.holds)
        this.operations.push(maybe(hands, atMs, { op: 'lock.release', args: { lock, owner, token } }))
    }
  }

  #acquire(
    call: Call,
    locks: RequestOf<'lock.acquire'>['locks'],
    result: ResultOf<'lock.acquire'> | undefined,
  ): void {
    const { holds } = this.#handsOf(call)
    locks.forEach(({ name, mode = 'exclusive' }, at) => {
      const hold = holds.get(name)
      const count = result?.counts[at] ?? 0
      const isNew = hold === undefined || hold.isDoubtful
      if (result === undefined || (isNew && count > 1)) {
        // Or it came on top of a grant that nobody waited for.
        this.#maybeAcquired(call, name, mode)
      } else {
        const { token } = result
        const args = { lock: name, owner: ownerOf(call.session.id, call.user), mode }
        const isSame = !isNew && count > 1 && hold.token === token
        if (!isNew && count > 1 && !isSame) this.#released(call, name, hold.token)
        const ret = { ok: true, token, ...(isSame && { already: true }) }
        this.operations.push(done(call, { op: 'lock.acquire', args, ret }))
        const held = count > 1 && hold?.mode === 'exclusive' ? hold.mode : mode
        holds.set(name, { token, mode: held, isDoubtful: false })
      }
    })
  }

  #maybeAcquired(call: Call, lock: string, mode: Mode): void {
    const owner = ownerOf(call.session.id, call.user)
    this.operations.push(
      maybe(call, call.callMs, { op: 'lock.acquire', args: { lock, owner, mode } }),
      maybe(call, call.callMs, { op: 'lock.release', args: { lock, owner } }),
    )
  }

  #release(call: Call, names: readonly string[], result: ResultOf<'lock.release'> | undefined): void {
    names.forEach((name, at) => {
      if ((result?.counts[at] ?? 0) === 0) this.#giveBack(call, name)
    })
  }

  #giveBack(call: Call, name: string): void {
    const { holds } = this.#handsOf(call)
    const hold = holds.get(name)
    // One that nobody knew of has its release already.
    if (hold === undefined) return
    if (call.outcome === 'done') {
      this.#released(call, name, hold.token)
      holds.delete(name)
      return
    }
    hold.isDoubtful = true
    const args = { lock: name, owner: ownerOf(call.session.id, call.user), token: hold.token }
    this.operations.push(maybe(call, call.callMs, { op: 'lock.release', args }))
  }

  #released(call: Call, lock: string, token: number): void {
    const args = { lock, owner: ownerOf(call.session.id, call.user), token }
    this.operations.push(done(call, { op: 'lock.release', args, ret: { ok: true } }))
  }

  #look(call: Call, lock: string, { holders }: ResultOf<'lock.get'>): void {
    const args = { lock }
    if (holders.length === 0)
      this.operations.push(done(call, { op: 'lock.get', args, ret: { holder: null } }))
    for (const { session, owner, token } of holders) {
      const ret = { holder: ownerOf(session, owner), token }
      this.operations.push(done(call, { op: 'lock.get', args, ret }))
    }
  }

  #handsOf({ session, user }: Call): Hands {
    const owner = ownerOf(session.id, user)
    let hands = this.#hands.get(owner)
    if (hands === undefined) {
      hands = { session, user, holds: new Map() }
      this.#hands.set(owner, hands)
    }
    return hands
  }
}
