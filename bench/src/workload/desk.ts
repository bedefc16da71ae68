import { setTimeout as delay } from 'node:timers/promises'
import { RefusedError } from '@tranca/client'
import type { OperationName, RequestOf, ResultOf, Scope, SequenceSpec } from '../record/operation.ts'
import type { Recorder } from '../record/recorder.ts'
import type { Life } from './application-server.ts'
import type { Random } from './random.ts'
import type { Range, ServerPlan, Workload } from './workload.ts'

export type Reply<N extends OperationName> =
  | { readonly ok: true; readonly value: ResultOf<N> }
  | { readonly ok: false; readonly cause: string }

/** Refusals that no rule of the workload explains: each one is an error of the service or of the workload. */
export type Surprise = (text: string) => void

/** What a user has at hand while doing one task. */
export class Desk {
  readonly owner: string
  readonly server: ServerPlan
  readonly random: Random
  readonly workload: Workload
  /** The last value of each gapless sequence that this user saw: what a jump starts from. */
  readonly lastSeen: Map<string, string>
  readonly #life: Life
  readonly #recorder: Recorder
  readonly #surprise: Surprise

  constructor(options: {
    readonly owner: string
    readonly server: ServerPlan
    readonly random: Random
    readonly workload: Workload
    readonly lastSeen: Map<string, string>
    readonly life: Life
    readonly recorder: Recorder
    readonly surprise: Surprise
  }) {
    this.owner = options.owner
    this.server = options.server
    this.random = options.random
    this.workload = options.workload
    this.lastSeen = options.lastSeen
    this.#life = options.life
    this.#recorder = options.recorder
    this.#surprise = options.surprise
  }

  /**
   * Asks the cluster. A refusal is a value; one that is not among `expected` is reported as well.
   *
   * @throws whatever means that the process or its session is gone
   */
  async ask<N extends OperationName>(
    request: RequestOf<N>,
    expected: readonly string[] = [],
  ): Promise<Reply<N>> {
    try {
      const value = await this.#recorder.perform(this.#life.client, this.#life.performer, request)
      return { ok: true, value }
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      if (!expected.includes(error.code))
        this.#surprise(`${this.server.name}, ${this.owner}: ${error.message}`)
      return { ok: false, cause: error.code }
    }
  }

  /** The time that a person or a program needs. */
  async work(range: Range): Promise<void> {
    const ms = this.random.between(range.min, range.max)
    if (ms > 0) await delay(ms)
  }

  /** Fills `{company}`, `{branch}` and `{server}` into a name. */
  named(template: string): string {
    return template
      .replaceAll('{company}', this.server.company)
      .replaceAll('{branch}', this.server.branch)
      .replaceAll('{server}', this.server.name)
  }

  /** The fields that a request for a number needs. */
  sequence(name: string): {
    readonly owner: string
    readonly name: string
    readonly scope: Scope
    readonly spec: SequenceSpec
    readonly seedIfAbsent?: string
  } {
    const plan = this.workload.sequences.get(name)
    if (plan === undefined) throw new RangeError(`no sequence ${name}`)
    const { company, branch } = this.server
    const scope = {
      company: plan.scope === 'all' ? '' : company,
      branch: plan.scope === 'branch' ? branch : '',
    }
    const { spec, seed } = plan
    return { owner: this.owner, name, scope, spec, ...(seed === undefined ? {} : { seedIfAbsent: seed }) }
  }
}
