import type { LedgerEvent, ReadValues } from '@tranca/ledger'
import type { Checker, Complain, Step, Who } from './checker.ts'

/** Units in force by product, as the key of a serial says. */
export type Contract = (serial: number) => ReadonlyMap<number, number>

/**
 * Never more units in use than are in force. They are counted from what was granted and given back, against
 * the key that was installed; every ledger must show the same count, and its grants no more than that. After a
 * smaller key nothing is granted until it fits. Knows products without assignments, in production, and loans to
 * users who have no grants.
 */
export class Units implements Checker {
  readonly name = 'units'
  readonly #complain: Complain
  readonly #contract: Contract
  #inForce: ReadonlyMap<number, number> = new Map()
  readonly #used = new Map<number, number>()
  /** Units that went with their users, by the id of the loan. */
  readonly #lent = new Map<string, { readonly product: number; readonly seat: string }>()
  /** What was in use after an entry that changed it. */
  readonly #usedAt = new Map<number, ReadonlyMap<number, number>>()
  #last = 0

  constructor(complain: Complain, contract: Contract) {
    this.#complain = complain
    this.#contract = contract
  }

  applied(who: Who, { index, log, ledger }: Step): void {
    const isAbout = log.some((one) => one.kind === 'event' && one.event.kind.startsWith('license.'))
    if (!isAbout) return
    if (index > this.#last) {
      this.#last = index
      this.#count(
        index,
        log.flatMap((one) => (one.kind === 'event' ? [one.event] : [])),
      )
    }
    this.#compare(`${who.name}, entry ${index}`, this.#usedAt.get(index), ledger)
  }

  #count(index: number, events: readonly LedgerEvent[]): void {
    const grown = new Set<number>()
    const settle = () => {
      for (const product of grown) {
        const [used, inForce] = [this.#used.get(product)!, this.#inForce.get(product) ?? 0]
        if (used > inForce)
          this.#complain(`entry ${index}: ${used} units of ${product} in use, ${inForce} in force`)
      }
      grown.clear()
    }
    for (const { kind, name, value = '', reason = '' } of events) {
      const [product, units] = [Number(name), Number(value)]
      if (kind === 'license.key') {
        // What a time-out gave away in the same step was given by the key before.
        settle()
        this.#inForce = this.#contract(units)
      } else if (kind === 'license.granted') {
        this.#add(product, units)
        if (units > 0) grown.add(product)
      } else if (kind === 'license.released' || kind === 'license.revoked') this.#add(product, -units)
      else if (kind === 'license.borrowed') {
        if (this.#lend(product, value, reason)) grown.add(product)
      } else if (kind === 'license.returned') this.#takeBack(index, reason.slice(0, reason.indexOf(' ')))
    }
    settle()
    this.#usedAt.set(index, new Map(this.#used))
  }

  /** Whether one more unit is in use: what one user borrows of a product is one. */
  #lend(product: number, user: string, id: string): boolean {
    const seat = `${product} ${user}`
    const isNew = ![...this.#lent.values()].some((one) => one.seat === seat)
    this.#lent.set(id, { product, seat })
    if (isNew) this.#add(product, 1)
    return isNew
  }

  #takeBack(index: number, id: string): void {
    const lent = this.#lent.get(id)
    if (lent === undefined) return this.#complain(`entry ${index}: ${id} is returned, and nobody has it`)
    this.#lent.delete(id)
    if (![...this.#lent.values()].some(({ seat }) => seat === lent.seat)) this.#add(lent.product, -1)
  }

  #add(product: number, units: number): void {
    this.#used.set(product, (this.#used.get(product) ?? 0) + units)
  }

  #compare(where: string, counted: ReadonlyMap<number, number> | undefined, ledger: Step['ledger']): void {
    const listed = ledger.query({ op: 'license.list', installation: 'production' })
    const granted = ledger.query({ op: 'license.grants', limit: 1_000 })
    if (!listed.ok || !granted.ok || counted === undefined) return
    const held = heldUnits((granted.value as ReadValues['license.grants']).grants)
    for (const { product, used } of (listed.value as ReadValues['license.list']).products) {
      const expected = counted.get(product) ?? 0
      if (used !== expected)
        this.#complain(`${where}: ${used} units of ${product} in use, by what was granted ${expected}`)
      const byGrants = held.get(product) ?? 0
      if (byGrants > used)
        this.#complain(`${where}: grants hold ${byGrants} units of ${product}, ${used} count`)
    }
  }
}

/** By product. Grants that share a unit have its number; the largest of them counts. */
function heldUnits(grants: ReadValues['license.grants']['grants']): Map<number, number> {
  const seats = new Map<string, { product: number; units: number }>()
  for (const { product, unit, units, status } of grants) {
    if (status === 'query') continue
    const key = `${product} ${unit}`
    seats.set(key, { product, units: Math.max(units, seats.get(key)?.units ?? 0) })
  }
  const held = new Map<number, number>()
  for (const { product, units } of seats.values()) held.set(product, (held.get(product) ?? 0) + units)
  return held
}
