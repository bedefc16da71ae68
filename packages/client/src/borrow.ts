import type { Caller, CallOptions } from './caller.ts'
import { RefusedError } from './errors.ts'

export interface BorrowOptions extends CallOptions {
  /** Who takes the unit along. */
  readonly user: string
  /** Instant or epoch ms; at most 90 days ahead. */
  readonly until: Date | number
}

/** A unit that is lent to a user who goes offline. It outlives owner and session, and ends by itself. */
export class Borrowed {
  /** Its id at the cluster, as `license.borrowed` shows it. */
  readonly borrow: string
  readonly product: number
  readonly user: string
  /** Signed by the installation: to be kept as it is. `verifyBorrowToken` of `@tranca/license-key` reads it. */
  readonly token: string
  readonly #caller: Caller

  constructor(
    caller: Caller,
    fields: {
      readonly borrow: string
      readonly product: number
      readonly user: string
      readonly token: string
    },
  ) {
    this.#caller = caller
    this.borrow = fields.borrow
    this.product = fields.product
    this.user = fields.user
    this.token = fields.token
  }

  /**
   * Gives the unit back early. The token stays a token: whoever has it must throw it away.
   *
   * @throws RefusedError `unknownBorrow` if it was returned already, or its time is over
   */
  return(options: CallOptions = {}): Promise<void> {
    return this.#caller.call({ op: 'license.returnBorrowed', borrow: this.borrow }, options, () => undefined)
  }
}

/** A unit without its token is of no use to anybody: it goes back if there will be none. */
export async function borrowUnit(
  caller: Caller,
  owner: string,
  product: number,
  { user, until, ...options }: BorrowOptions,
): Promise<Borrowed> {
  const untilWallMs = typeof until === 'number' ? until : until.getTime()
  const { borrow } = await caller.call({ op: 'license.borrow', owner, product, user, untilWallMs }, options)
  try {
    const { token } = await caller.call({ op: 'license.borrowToken', borrow }, options)
    return new Borrowed(caller, { borrow, product, user, token })
  } catch (error) {
    const returned = caller.call({ op: 'license.returnBorrowed', borrow }, {}).catch(() => undefined)
    if (error instanceof RefusedError) await returned
    throw error
  }
}
