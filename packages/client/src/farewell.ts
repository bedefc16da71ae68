import { Cluster } from './cluster.ts'
import { hintOf } from './link.ts'
import { type AnyRequest, operationNamed } from './operations.ts'
import type { ConnectSettings } from './options.ts'

/**
 * Ends a session that the client has given up, if the cluster still has it: whoever waits for what it held need
 * not wait for its time to live. Best effort: it stops after `lastsMs`, when the cluster ends the session by
 * itself, and nothing depends on it.
 */
export class Farewell {
  readonly #cluster: Cluster
  readonly #stopTimer: () => void
  #asked: AnyRequest['op'] = 'session.resume'

  constructor(
    settings: ConnectSettings,
    session: { readonly id: number; readonly key: Uint8Array },
    lastsMs: number,
  ) {
    const { clock } = settings
    const timer = clock.setTimer(() => this.stop(), lastsMs)
    this.#stopTimer = () => clock.clearTimer(timer)
    this.#cluster = new Cluster(
      {
        onLeader: (link) => {
          this.#asked = 'session.resume'
          link.send(link.nextId(), [], {
            op: 'session.resume',
            session: session.id,
            key: session.key,
            outstanding: [],
          })
        },
        onLeaderGone: () => undefined,
        onAnswer: (link, answer) => {
          if (answer.kind === 'refused' && moved.has(answer.cause)) {
            this.#cluster.depose(link, hintOf(answer.detail.leader))
          } else if (answer.kind === 'ok' && this.#asked === 'session.resume') {
            this.#asked = 'session.close'
            // The number is larger than any that the session has used, or else it would be a stale request.
            link.send(Number.MAX_SAFE_INTEGER, [], { op: 'session.close' })
          } else this.stop()
        },
        onEvent: () => undefined,
        operationOf: () => operationNamed(this.#asked),
        isWaiting: () => true,
        isBound: () => false,
      },
      { ...settings, keepAliveMs: lastsMs },
    )
    this.#cluster.start()
  }

  stop(): void {
    this.#stopTimer()
    this.#cluster.close(true)
  }
}

const moved: ReadonlySet<string> = new Set(['notLeader', 'noLeader', 'uncertain', 'draining', 'busy'])
