import { crc32 } from 'node:zlib'
import type { Ledger } from '@tranca/ledger'
import type { Probe, Replica } from '@tranca/node'
import { Agreement } from './agreement.ts'
import type { Checker, Complain, Happening, Step, Who } from './checker.ts'
import { Fencing } from './fencing.ts'
import { Invariants } from './invariants.ts'
import { Numbers } from './numbers.ts'
import { Once } from './once.ts'
import { OneHolder } from './one-holder.ts'
import { OneLeader } from './one-leader.ts'
import { Seen } from './seen.ts'
import { Sessions } from './sessions.ts'
import { type Contract, Units } from './units.ts'
import { Watched } from './watched.ts'

/** Entries between two looks at everything that must be true in a ledger. */
const invariantsEvery = 16

/** All checkers, and the wires from the nodes to them. */
export class Panel {
  readonly agreement: Agreement
  readonly numbers: Numbers
  readonly seen: Seen
  readonly watched: Watched
  readonly #invariants: Invariants
  readonly #checkers: readonly Checker[]
  readonly #note: (number: number) => void
  readonly #complain: (checker: string, reason: string) => void

  constructor(options: {
    complain: (checker: string, reason: string) => void
    /** Takes part in the hash of the run. */
    note: (number: number) => void
    /** What the keys that are installed allow. */
    contract: Contract
  }) {
    this.#note = options.note
    this.#complain = options.complain
    const as =
      (name: string): Complain =>
      (reason) =>
        options.complain(name, reason)
    this.agreement = new Agreement(as('agreement'))
    this.numbers = new Numbers(as('numbers'))
    this.seen = new Seen(as('seen'))
    this.watched = new Watched(as('watched'))
    this.#invariants = new Invariants(as('invariants'), invariantsEvery)
    this.#checkers = [
      this.agreement,
      new OneLeader(as('one leader')),
      new Sessions(as('sessions')),
      new Fencing(as('fencing')),
      new OneHolder(as('one holder')),
      new Once(as('once')),
      this.numbers,
      new Units(as('units'), options.contract),
      this.seen,
      this.watched,
      this.#invariants,
    ]
  }

  /** Eyes in one life of one node. */
  probe(who: Who, on: { started(replica: Replica): void; votesAgain(): void }): Probe {
    let log: Happening[] = []
    let replica: Replica | undefined
    const ask = (question: () => void) => {
      try {
        question()
      } catch (error) {
        this.#complain('simulator', `a checker failed: ${(error as Error).stack}`)
      }
    }
    return {
      started: (one) => {
        replica = one
        // What founding a cluster emitted belongs to no entry.
        log = []
        on.started(one)
      },
      votesAgain: () => on.votesAgain(),
      leadership: (now) => ask(() => this.#checkers.forEach((one) => void one.leadership?.(who, now))),
      serving: () =>
        ask(() => {
          const leader = { term: replica!.raft.term, lastIndex: replica!.raft.lastIndex }
          for (const one of this.#checkers) one.serving?.(who, leader)
        }),
      executed: (command, result) => log.push({ kind: 'executed', command, result }),
      answered: (session, id, result) => log.push({ kind: 'answered', session, id, result }),
      event: (event) => log.push({ kind: 'event', event }),
      applied: (entry, ledger) => {
        const step = stepOf(entry, ledger, log)
        log = []
        ask(() => this.#applied(who, step))
        if (replica !== undefined && entry.index % invariantsEvery === 0)
          ask(() => this.#invariants.core(who, replica!))
      },
      installed: () => {
        log = []
      },
    }
  }

  #applied(who: Who, step: Step): void {
    const isNew = this.agreement.isNew(step.index)
    this.#note(step.outcome)
    for (const one of this.#checkers) {
      one.applied?.(who, step)
      if (isNew) one.happened?.(who, step)
    }
  }
}

function stepOf(
  entry: { readonly index: number; readonly term: number; readonly data: Uint8Array },
  ledger: Ledger,
  log: readonly Happening[],
): Step {
  let text = `${ledger.revision} ${ledger.timeMs}`
  for (const one of log) text += JSON.stringify(one.kind === 'event' ? one.event : one.result)
  const { index, term, data } = entry
  return { index, term, bytes: crc32(data), outcome: crc32(text), log, ledger }
}
