import type { ClientCommand, InternalCommand, Result } from '@tranca/ledger'
import type { Checker, Complain, Step, Who } from './checker.ts'

/** Refusals that say nothing about the request itself: it was not looked at. */
const unheard: ReadonlySet<string> = new Set([
  'sessionUnknown',
  'staleGeneration',
  'staleRequest',
  'tooManyOutstanding',
])

interface Request {
  /** The answer, once there is one. */
  result: string | undefined
  /** The client has said that it needs the answer no more. */
  dropped: boolean
}

/** A request is answered once: who asks again under the same number gets the first answer (O4). */
export class Once implements Checker {
  readonly name = 'once'
  readonly #complain: Complain
  readonly #sessions = new Map<number, Map<number, Request>>()

  constructor(complain: Complain) {
    this.#complain = complain
  }

  happened(_who: Who, { index, log }: Step): void {
    for (const one of log) {
      if (one.kind === 'executed') this.#executed(index, one.command, one.result)
      else if (one.kind === 'answered') this.#answered(index, one.session, one.id, one.result)
      else if (one.event.kind === 'session.closed' || one.event.kind === 'session.expired')
        this.#sessions.delete(one.event.session)
    }
  }

  #executed(index: number, command: ClientCommand | InternalCommand, result: Result | undefined): void {
    if ('op' in command) return
    const { session, id, acks, operation } = command
    if (session === 0) {
      if (operation.op === 'session.resume' && result?.ok)
        this.#drop(operation.session, (one) => !operation.outstanding.includes(one))
      return
    }
    const cause = result?.ok === false ? result.cause : ''
    if (cause === 'sessionUnknown' || cause === 'staleGeneration') return
    this.#drop(session, (one) => acks.includes(one))
    const requests = this.#of(session)
    const before = requests.get(id)
    if (before === undefined) {
      if (!unheard.has(cause)) requests.set(id, { result: result && JSON.stringify(result), dropped: false })
      return
    }
    const where = `entry ${index}: request ${id} of session ${session} (${operation.op})`
    if (cause === 'staleRequest') {
      if (!before.dropped) this.#complain(`${where} has no answer any more, and nobody has let go of it`)
    } else if (before.dropped) this.#complain(`${where} was over, and is answered again`)
    else if (before.result !== undefined && before.result !== JSON.stringify(result))
      this.#complain(`${where} was answered ${before.result}, and now ${JSON.stringify(result)}`)
    else if (before.result === undefined && result !== undefined)
      this.#complain(`${where} was waiting, and is executed again: ${JSON.stringify(result)}`)
  }

  #answered(index: number, session: number, id: number, result: Result): void {
    const request = this.#of(session).get(id)
    const where = `entry ${index}: request ${id} of session ${session}`
    if (request === undefined) return this.#complain(`${where} is answered, and was never asked`)
    if (request.result !== undefined) return this.#complain(`${where} is answered twice`)
    request.result = JSON.stringify(result)
  }

  #drop(session: number, isMeant: (id: number) => boolean): void {
    for (const [id, request] of this.#of(session)) {
      // What still waits keeps waiting: only an answer can be let go of.
      if (request.result !== undefined && isMeant(id)) request.dropped = true
    }
  }

  #of(session: number): Map<number, Request> {
    let requests = this.#sessions.get(session)
    if (requests === undefined) {
      requests = new Map()
      this.#sessions.set(session, requests)
    }
    return requests
  }
}
