import { type Lack, type Owner, type Session, Waiter, type WaiterFields } from '../graph.ts'
import {
  IDLE_MS_MAX,
  LINGER_MS_MAX,
  NAME_LENGTH_MAX,
  PRIORITY_MAX,
  UNITS_MAX,
  WAIT_MS_MAX,
} from '../limits.ts'
import { isOwner, OWNER_EXPECTED } from '../names.ts'
import { invalid, type Refusal, type Result, refuse } from '../result.ts'
import type { LicenseCheckout } from './commands.ts'
import { deny, explain, isWaitable } from './explain.ts'
import { lackOf } from './lack.ts'
import type { Licenses } from './licenses.ts'
import { Asked, type Grant, type LicenseCaller, Place, type Pool } from './pool.ts'

// license.checkout: one look-up for each product of the list that the customer has. Refusals tell all;
// grants tell little and are fast.

export function checkOut(
  licenses: Licenses,
  session: Session,
  id: number,
  operation: LicenseCheckout,
): Result | undefined {
  const asked = ask(licenses, session, operation)
  if (!(asked instanceof Asked)) return asked
  const isUsable = licenses.validity.refusal() === undefined
  if (isUsable && licenses.decide(asked, undefined)) return granted(take(licenses, asked, operation))
  const { feature, product, waitMs, mode } = operation
  const products = licenses.catalog.productsOf(feature, product)!
  if (waitMs === 0 || mode === 'query' || !isUsable) return refusal(licenses, asked, products, operation)
  const { detail } = explain(licenses, asked, products)
  if (!isWaitable(detail.cause)) return refusal(licenses, asked, products, operation)
  return wait(licenses, session, id, asked, operation)
}

/** Whether it would be granted now; the ledger stays as it is. `undefined`: yes. */
export function lookAtCheckOut(
  licenses: Licenses,
  session: Session,
  operation: LicenseCheckout,
): Refusal | undefined {
  const asked = ask(licenses, session, operation)
  if (!(asked instanceof Asked)) return asked
  if (licenses.validity.refusal() === undefined && licenses.decide(asked, undefined)) return undefined
  return refusal(
    licenses,
    asked,
    licenses.catalog.productsOf(operation.feature, operation.product)!,
    operation,
  )
}

/** A question is not a denial. */
function refusal(
  licenses: Licenses,
  asked: Asked,
  products: readonly number[],
  { mode }: LicenseCheckout,
): Refusal {
  if (mode === 'use') return deny(licenses, asked, products)
  const { detail } = explain(licenses, asked, products)
  return refuse(detail.cause, detail)
}

function ask(licenses: Licenses, session: Session, operation: LicenseCheckout): Asked | Refusal {
  const bad = check(operation)
  if (bad !== undefined) return bad
  const { feature, product } = operation
  const pools = licenses.catalog.poolsOf(session.installation, feature, product)
  if (pools === undefined) {
    const closed = licenses.validity.refusal()
    return closed === 'notLicensed' ? refuse(closed, { feature }) : refuse('unknownFeature', { feature })
  }
  return new Asked(session, operation.owner, pools, fieldsOf(operation))
}

function fieldsOf(operation: LicenseCheckout) {
  const { user, group, company, host, units, priority, feature } = operation
  return { subject: { user, group, company, host }, units, priority, feature }
}

/** What `decide` has chosen. */
function take(licenses: Licenses, asked: Asked, operation: LicenseCheckout): Grant {
  const { mode, lingerMs = 0, idleMs = 0 } = operation
  const owner = asked.session.owner(asked.owner)
  const terms = { lingerMs, idleMs }
  const pool = licenses.chosen!
  return mode === 'query'
    ? licenses.grants.note(asked, owner, pool, terms)
    : licenses.grants.give(asked, owner, pool, licenses.verdict, terms)
}

function granted({ order, pool, seat, status, token }: Grant): Result {
  const isCounted = seat !== undefined && pool.isCounted
  return {
    ok: true,
    value: {
      grant: order,
      product: pool.product,
      status,
      units: isCounted ? seat.units : 0,
      unit: seat === undefined ? 0 : seat.unit,
      token,
    },
  }
}

function wait(
  licenses: Licenses,
  session: Session,
  id: number,
  asked: Asked,
  operation: LicenseCheckout,
): Result | undefined {
  const { core } = licenses
  const { queueLengthMax } = core.limits
  for (const { queue, product } of asked.pools) {
    if (queue.size >= queueLengthMax) return refuse('queueFull', { product, max: queueLengthMax })
  }
  const { waitMs, priority, owner } = operation
  const waiter = new CheckoutWaiter(licenses, session.owner(owner), asked, operation, {
    order: core.nextOrder(),
    id,
    waitMs,
    priority,
    deadlineMs: waitMs < 0 ? Number.POSITIVE_INFINITY : core.timeMs + waitMs,
    sinceMs: core.wallMs,
  })
  const { label } = asked.pools[0]!
  core.emitValue('license.queued', session.namespace, label, session.id, owner, operation.feature)
  return licenses.waiters.start(waiter)
}

export type CheckoutClaimsRow = {
  readonly license: Omit<LicenseCheckout, 'op' | 'owner' | 'waitMs' | 'priority'>
}

/** A waiting license.checkout: in the queue of each product of its list, and content with any. */
export class CheckoutWaiter extends Waiter implements LicenseCaller {
  readonly #licenses: Licenses
  readonly operation: LicenseCheckout
  asked: Asked
  readonly #places: Place[] = []

  constructor(
    licenses: Licenses,
    owner: Owner,
    asked: Asked,
    operation: LicenseCheckout,
    fields: WaiterFields,
  ) {
    super(owner, fields)
    this.#licenses = licenses
    this.asked = asked
    this.operation = operation
  }

  static restore(
    licenses: Licenses,
    owner: Owner,
    row: CheckoutClaimsRow,
    fields: WaiterFields,
  ): CheckoutWaiter {
    const { waitMs, priority } = fields
    const operation: LicenseCheckout = {
      op: 'license.checkout',
      owner: owner.name,
      waitMs,
      priority,
      ...row.license,
    }
    const pools = poolsFor(licenses, owner.session, operation)
    const asked = new Asked(owner.session, owner.name, pools, fieldsOf(operation))
    return new CheckoutWaiter(licenses, owner, asked, operation, fields)
  }

  override join(): void {
    for (const pool of this.asked.pools) {
      const place = new Place(this, pool)
      this.#places.push(place)
      pool.queue.add(place)
    }
  }

  override leave(): void {
    for (const place of this.#places) {
      place.pool.queue.remove(place)
      this.#licenses.waiters.touchLine(place.pool)
    }
    this.#places.length = 0
  }

  /** The products of its list may have changed. */
  lookAgain(): void {
    const { operation } = this
    const { session } = this.owner
    this.asked = new Asked(
      session,
      operation.owner,
      poolsFor(this.#licenses, session, operation),
      fieldsOf(operation),
    )
  }

  override isFree(): boolean {
    return this.#licenses.validity.refusal() === undefined && this.#licenses.decide(this.asked, this)
  }

  /** Right after isFree: what it decided still stands, though the queues have been left. */
  take(): Result {
    return granted(take(this.#licenses, this.asked, this.operation))
  }

  timeout(): Refusal {
    return this.#deny('timeout')
  }

  #deny(as: 'timeout' | 'deadlock'): Refusal {
    const { feature, product } = this.operation
    const products = this.#licenses.catalog.productsOf(feature, product) ?? []
    return deny(this.#licenses, this.asked, products, { as, self: this })
  }

  override get hasChoice(): boolean {
    return true
  }

  override lackBecauseOf(isStuck: (owner: Owner) => boolean): readonly Lack[] {
    return lackOf(this.asked, this.owner, isStuck)
  }

  override deadlock(cycle: unknown): Refusal {
    const { cause, detail } = this.#deny('deadlock')
    return refuse(cause, { ...detail, cycle })
  }

  rowClaims(): CheckoutClaimsRow {
    const { feature, product, user, group, company, host, units, mode, lingerMs, idleMs } = this.operation
    const license = { feature, product, user, group, company, host, units, mode }
    return {
      license: {
        ...license,
        ...(lingerMs === undefined ? {} : { lingerMs }),
        ...(idleMs === undefined ? {} : { idleMs }),
      },
    }
  }
}

function poolsFor(
  licenses: Licenses,
  session: Session,
  { feature, product }: LicenseCheckout,
): readonly Pool[] {
  return licenses.catalog.poolsOf(session.installation, feature, product) ?? []
}

function check(operation: LicenseCheckout): Refusal | undefined {
  const { owner, feature, product, units, mode, waitMs, priority, lingerMs, idleMs } = operation
  if (!isOwner(owner)) return invalid('owner', owner, OWNER_EXPECTED)
  if (!isText(feature)) return invalid('feature', typeof feature, TEXT_EXPECTED)
  if (!Number.isSafeInteger(product) || product < 0) return invalid('product', product, 'a product, or 0')
  if ((feature === '') === (product === 0))
    return invalid('product', product, 'either a feature or a product')
  if (!isText(operation.user)) return invalid('user', typeof operation.user, TEXT_EXPECTED)
  if (!isText(operation.group)) return invalid('group', typeof operation.group, TEXT_EXPECTED)
  if (!isText(operation.company)) return invalid('company', typeof operation.company, TEXT_EXPECTED)
  if (!isText(operation.host)) return invalid('host', typeof operation.host, TEXT_EXPECTED)
  if (mode !== 'use' && mode !== 'query') return invalid('mode', mode, 'use or query')
  if (!isWhole(units, 1, UNITS_MAX)) return invalid('units', units, `1 to ${UNITS_MAX}`)
  if (!isWhole(waitMs, -1, WAIT_MS_MAX)) return invalid('waitMs', waitMs, `-1 to ${WAIT_MS_MAX}`)
  if (!isWhole(priority, -PRIORITY_MAX, PRIORITY_MAX)) {
    return invalid('priority', priority, `-${PRIORITY_MAX} to ${PRIORITY_MAX}`)
  }
  if (lingerMs !== undefined && !isWhole(lingerMs, 0, LINGER_MS_MAX)) {
    return invalid('lingerMs', lingerMs, `0 to ${LINGER_MS_MAX}`)
  }
  if (idleMs !== undefined && !isWhole(idleMs, 0, IDLE_MS_MAX))
    return invalid('idleMs', idleMs, `0 to ${IDLE_MS_MAX}`)
  return undefined
}

export const TEXT_EXPECTED = `0 to ${NAME_LENGTH_MAX} characters, no NUL`

/** Parts of consumer keys are parted by NUL. */
export function isText(text: unknown): text is string {
  return typeof text === 'string' && text.length <= NAME_LENGTH_MAX && !text.includes('\0')
}

export function isWhole(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
}
