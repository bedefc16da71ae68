import type { ClientCommand, InternalCommand, LedgerEvent, Result } from '@tranca/ledger'
import type { Checker, Complain, Serving, Step, Who } from './checker.ts'

interface Life {
  generation: number
  ttlMs: number
}

type Expire = Extract<InternalCommand, { op: 'session.expire' }>

/**
 * Sessions end only in the ways that they may: an expiry names the generation and the term in force (O1), a
 * new leader lets everybody live a full time (O2), and nothing is granted to who is not there (O3).
 */
export class Sessions implements Checker {
  readonly name = 'sessions'
  readonly #complain: Complain
  readonly #live = new Map<number, Life>()
  /** Term of the last leader that said so in the log. */
  #term = 0
  /** When the leader of a term began to serve, by its own clock. */
  readonly #served = new Map<number, { who: Who; atMs: number }>()
  /** Sessions that an expiry has ended which is told next. */
  #expired: number[] = []

  constructor(complain: Complain) {
    this.#complain = complain
  }

  serving(who: Who, { term }: Serving): void {
    this.#served.set(term, { who, atMs: who.nowMs() })
  }

  happened(_who: Who, { index, term, log }: Step): void {
    for (const one of log) {
      if (one.kind === 'event') this.#event(index, one.event)
      else if (one.kind === 'executed') this.#executed({ index, term }, one.command, one.result)
    }
  }

  #event(index: number, { session, kind, name }: LedgerEvent): void {
    if (kind === 'session.opened') this.#live.set(session, { generation: 1, ttlMs: 0 })
    else if (kind === 'session.closed') this.#live.delete(session)
    else if (kind === 'session.expired') this.#expired.push(session)
    else if (kind === 'lock.granted' || kind === 'semaphore.granted' || kind === 'license.granted') {
      if (!this.#live.has(session))
        this.#complain(`entry ${index}: ${kind} of ${name} to session ${session}, which is not there`)
    }
  }

  #executed(
    at: { index: number; term: number },
    command: ClientCommand | InternalCommand,
    result?: Result,
  ): void {
    if ('op' in command) {
      if (command.op === 'leader.start') this.#term = at.term
      else if (command.op === 'session.expire') this.#ended(at.index, command)
      return
    }
    const { op } = command.operation
    if ((op !== 'session.open' && op !== 'session.resume') || !result?.ok) return
    const { session, generation, ttlMs } = result.value as {
      session: number
      generation: number
      ttlMs: number
    }
    const life = this.#live.get(session)
    if (life === undefined)
      this.#complain(`entry ${at.index}: ${op} of session ${session}, which is not there`)
    else Object.assign(life, { generation, ttlMs })
  }

  #ended(index: number, command: Expire): void {
    const expired = this.#expired
    this.#expired = []
    for (const session of expired) {
      const life = this.#live.get(session)
      this.#live.delete(session)
      const where = `entry ${index}: session ${session} expired`
      if (life === undefined || session !== command.session) {
        this.#complain(`${where}, and was not there or not meant`)
        continue
      }
      if (command.term !== this.#term)
        this.#complain(`${where} by the leader of term ${command.term}, in term ${this.#term}`)
      if (command.generation !== life.generation)
        this.#complain(`${where} in generation ${command.generation}, and is in ${life.generation}`)
      const served = this.#served.get(command.term)
      if (served === undefined) continue
      const livedMs = served.who.nowMs() - served.atMs
      if (livedMs < life.ttlMs)
        this.#complain(
          `${where} ${Math.round(livedMs)} ms after its leader began, and may live ${life.ttlMs} ms`,
        )
    }
  }
}
