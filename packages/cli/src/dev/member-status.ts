import { type Admin, type AdminOptions, openAdmin, TrancaError } from '@tranca/client'

/** What a member says about leadership. */
export interface MemberView {
  /** The member that it follows, or itself; `undefined` if it knows none. */
  readonly leader: number | undefined
  /** It leads, and has committed an entry of its own term. */
  readonly leads: boolean
}

const ANSWER_TIMEOUT_MS = 1_000

/** Asks the members of one cluster, each by its own address. */
export class MemberAsker {
  readonly #admin: Admin

  constructor(addresses: readonly string[], options: Pick<AdminOptions, 'tls'>) {
    this.#admin = openAdmin(addresses, options)
  }

  /** `undefined` if the member does not answer. */
  async ask(address: string): Promise<MemberView | undefined> {
    const options = { deadlineMs: ANSWER_TIMEOUT_MS }
    try {
      const [{ status }, { health }] = await Promise.all([
        this.#admin.ask(address, 'status', options),
        this.#admin.ask(address, 'health', options),
      ])
      return { leader: status.leader?.node, leads: health.leader }
    } catch (error) {
      if (error instanceof TrancaError) return undefined
      throw error
    }
  }

  close(): Promise<void> {
    return this.#admin.close()
  }
}
