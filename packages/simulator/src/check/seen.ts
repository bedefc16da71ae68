import type { LedgerEvent, LockAcquire, Result } from '@tranca/ledger'
import type { Checker, Complain, Step, Who } from './checker.ts'

/** What a client was given. */
export interface Given {
  readonly kind:
    | 'lock.granted'
    | 'semaphore.granted'
    | 'sequence.issued'
    | 'sequence.confirmed'
    | 'code.reserved'
    | 'license.granted'
    | 'license.borrowed'
  readonly session: number
  readonly owner: string
  readonly name: string
  /** The fencing token, the number, or the id of what was borrowed. */
  readonly what: string
}

/**
 * What a client saw is in the log that all agree on, under its session and owner: then it survives whatever
 * the log survives. Numbers are told to one caller only.
 */
export class Seen implements Checker {
  readonly name = 'seen'
  readonly #complain: Complain
  readonly #written = new Set<string>()
  /** Acquires that wait, by session and number. */
  readonly #waiting = new Map<string, LockAcquire>()
  readonly #told = new Set<string>()

  constructor(complain: Complain) {
    this.#complain = complain
  }

  happened(_who: Who, { log }: Step): void {
    for (const one of log) {
      if (one.kind === 'event') {
        const { kind, session, owner, name } = one.event
        this.#wrote({ kind: kind as Given['kind'], session, owner, name, what: whatOf(one.event) })
      } else if (one.kind === 'answered') {
        const acquire = this.#waiting.get(`${one.session} ${one.id}`)
        if (acquire !== undefined) this.#granted(one.session, acquire, one.result)
      } else if (!('op' in one.command)) {
        const { session, id, operation } = one.command
        if (operation.op === 'bundle' && one.result?.ok) {
          for (const part of operation.parts) {
            if (part.op === 'lock.acquire')
              this.#granted(session, { ...part, owner: operation.owner }, one.result)
          }
        } else if (operation.op === 'lock.acquire') {
          if (one.result === undefined) this.#waiting.set(`${session} ${id}`, operation)
          else this.#granted(session, operation, one.result)
        }
      }
    }
  }

  /** Of what was held already there is no event, though the token may be new. */
  #granted(session: number, { owner, locks }: Pick<LockAcquire, 'owner' | 'locks'>, result: Result): void {
    if (!result.ok) return
    const what = String((result.value as { token: number }).token)
    for (const { name } of locks) this.#wrote({ kind: 'lock.granted', session, owner, name, what })
  }

  #wrote(given: Given): void {
    this.#written.add(keyOf(given))
  }

  saw(given: Given): void {
    const key = keyOf(given)
    const { kind, session, owner, name, what } = given
    if (!this.#written.has(key))
      this.#complain(`session ${session}, ${owner} saw ${kind} of ${name} (${what}), which nobody committed`)
    if (kind !== 'sequence.confirmed') return
    const number = `${name} ${what}`
    if (this.#told.has(number)) this.#complain(`${number} was confirmed twice`)
    this.#told.add(number)
  }
}

/** Of what is granted the token counts, even if there are units too. */
function whatOf({ kind, token, value, reason }: LedgerEvent): string {
  if (kind === 'license.borrowed') return reason ?? ''
  return String((kind === 'license.granted' ? token : value) ?? token ?? '')
}

function keyOf({ kind, session, owner, name, what }: Given): string {
  return `${kind} ${session} ${owner} ${name} ${what}`
}
