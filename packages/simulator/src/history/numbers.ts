import type { ResultOf, Session } from '@tranca/client'
import type { Operation } from '@tranca/history'
import type { Call, Ending } from './calls.ts'
import { done, maybe } from './words.ts'

/**
 * A reservation's time is the leader's: a member's clock may run faster than true time by some percent. What a
 * leader that came later has not counted makes it longer only.
 */
const fastest = 1.05

interface Out {
  readonly session: Session
  readonly user: string
  readonly seq: string
  readonly value: number
}

/**
 * Sequences of decimal digits that begin at 1 and have one scope, in the words of the history checker. A reservation
 * ends with its owner's session at the latest.
 */
export class NumberHistory {
  readonly operations: Operation[] = []
  readonly #out: Out[] = []

  see(call: Call): void {
    const { request, outcome } = call
    if (outcome === 'refused') return
    switch (request.op) {
      case 'sequence.next':
        this.#next(
          call,
          request.name,
          request.count ?? 1,
          call.result as ResultOf<'sequence.next'> | undefined,
        )
        break
      case 'sequence.reserve':
        this.#reserve(call, request.name, call.result as ResultOf<'sequence.reserve'> | undefined)
        break
      case 'bundle':
        request.parts.forEach((part, at) => {
          if (part.op !== 'sequence.reserve') return
          const result = call.result as ResultOf<'bundle'> | undefined
          this.#reserve(call, part.name, result?.results[at] as ResultOf<'sequence.reserve'> | undefined)
        })
        break
      case 'sequence.confirm':
      case 'sequence.rollback':
        this.#settle(call, request.op.slice('sequence.'.length), request.name, Number(request.value))
        break
      case 'owner.release':
        this.#mayReturn(call.callMs, ({ session, user }) => session === call.session && user === call.user)
        break
      default:
    }
  }

  /** After all calls. */
  ended({ session, atMs }: Ending): void {
    this.#mayReturn(atMs, (out) => out.session === session)
  }

  #next(call: Call, seq: string, count: number, result: ResultOf<'sequence.next'> | undefined): void {
    const said = { op: 'seq.next', args: { seq, n: count } }
    if (result === undefined) this.operations.push(maybe(call, call.callMs, said))
    else this.operations.push(done(call, { ...said, ret: { value: Number(result.first) } }))
  }

  #reserve(call: Call, seq: string, result: ResultOf<'sequence.reserve'> | undefined): void {
    const { session, user, callMs } = call
    if (result === undefined) {
      // What nobody saw may come back at once.
      this.operations.push(maybe(call, callMs, { op: 'seq.reserve', args: { seq, ttl_ms: 0 } }))
      return
    }
    const { expiresInMs } = result
    const args = { seq, ...(expiresInMs !== undefined && { ttl_ms: Math.floor(expiresInMs / fastest) }) }
    const value = Number(result.value)
    this.operations.push(done(call, { op: 'seq.reserve', args, ret: { value } }))
    this.#out.push({ session, user, seq, value })
  }

  #settle(call: Call, verb: string, seq: string, value: number): void {
    const said = { op: `seq.${verb}`, args: { seq, value } }
    if (call.outcome === 'unknown') {
      this.operations.push(maybe(call, call.callMs, said))
      return
    }
    this.operations.push(done(call, { ...said, ret: { ok: true } }))
    const { session, user } = call
    const at = this.#out.findLastIndex(
      (out) => out.session === session && out.user === user && out.seq === seq && out.value === value,
    )
    if (at >= 0) this.#out.splice(at, 1)
  }

  #mayReturn(sinceMs: number, isMeant: (out: Out) => boolean): void {
    for (const out of this.#out) {
      if (!isMeant(out)) continue
      const { seq, value } = out
      this.operations.push(maybe(out, sinceMs, { op: 'seq.rollback', args: { seq, value } }))
    }
  }
}
