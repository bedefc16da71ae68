import type { Change } from '@tranca/ledger'
import { installationTypes, type LicenseKey, type Product, unitsInForce } from '@tranca/license-key'

/** Units of one product in one type of installation, counted from the rows alone. */
export interface UnitCount {
  readonly product: number
  readonly name: string
  readonly installation: string
  /** By the key that was installed last and the rules of overdraft; null where nothing is counted. */
  readonly inForce: number | null
  readonly units: number
  /** Most that were seen. */
  readonly most: number
  readonly mostIndex: number
}

export interface UnitExcess {
  readonly product: number
  readonly name: string
  readonly installation: string
  readonly units: number
  readonly inForce: number
}

interface Account {
  readonly product: number
  readonly installation: string
  units: number
  /** Before the step: more than is in force may only shrink. */
  unitsBefore: number
  most: number
  mostIndex: number
}

type SeatRow = { readonly pool: string; readonly units: number }
type KeyRow = { readonly kind: string; readonly serial: number; readonly body: string }
type Rule = { readonly kind: string; readonly product: number; readonly amount?: number }

/**
 * A second count of the units, which shares nothing with the ledger's own: seats, keys and rules as the rows
 * have them (kinds `t`, `i` and `u`), and `unitsInForce` of the key's own package.
 */
export class UnitBook {
  readonly #seats = new Map<string, SeatRow>()
  readonly #accounts = new Map<string, Account>()
  readonly #keys = new Map<string, LicenseKey>()
  #rules: readonly Rule[] = []
  #serial = 0
  #index = 0
  /** Whose units or limits may have changed in this step. */
  readonly #touched = new Set<Account>()

  /** Takes in what one step changed. */
  take(changes: readonly Change[], index: number): void {
    this.#index = index
    for (const { key, value } of changes) {
      if (key.startsWith('t/')) this.#takeSeat(key, value as SeatRow | undefined)
      else if (key.startsWith('i/')) this.#takeKey(key, value as KeyRow | undefined)
      else if (key === 'u/rules') {
        this.#rules = (value as { readonly rules: readonly Rule[] } | undefined)?.rules ?? []
        this.#touchAll()
      }
    }
  }

  /** The first product with more units than are in force. A step may not raise what is too much already. */
  check(): UnitExcess | undefined {
    let found: UnitExcess | undefined
    for (const account of this.#touched) {
      const inForce = this.#inForce(account)
      const bound = Math.max(inForce, account.unitsBefore)
      if (account.units > bound) found ??= this.#excess(account, inForce)
      account.unitsBefore = account.units
    }
    this.#touched.clear()
    return found
  }

  /**
   * As `check`, for the state that the replay begins with: what an earlier key allowed may still be in use, but
   * never more than any key allowed.
   */
  checkFirst(): UnitExcess | undefined {
    let found: UnitExcess | undefined
    for (const account of this.#touched) {
      const allowed = [...this.#keys.values()].map((key) => forceOf(productOf(key, account), account, []))
      if (account.units > Math.max(0, ...allowed)) found ??= this.#excess(account, this.#inForce(account))
      account.unitsBefore = account.units
    }
    this.#touched.clear()
    return found
  }

  /** By product, then installation type: whatever had units, or has some in force. */
  counts(): UnitCount[] {
    for (const { id } of this.#current()?.products ?? []) {
      for (const installation of installationTypes) this.#account(`${id}/${installation}`)
    }
    const order: readonly string[] = installationTypes
    return [...this.#accounts.values()]
      .sort((a, b) => a.product - b.product || order.indexOf(a.installation) - order.indexOf(b.installation))
      .map((account) => {
        const { product, installation, units, most, mostIndex } = account
        const inForce = this.#inForce(account)
        return {
          product,
          name: this.#nameOf(product),
          installation,
          inForce: Number.isFinite(inForce) ? inForce : null,
          units,
          most,
          mostIndex,
        }
      })
      .filter(({ inForce, most }) => inForce === null || inForce > 0 || most > 0)
  }

  #takeSeat(key: string, value: SeatRow | undefined): void {
    const before = this.#seats.get(key)
    if (before !== undefined) this.#count(before, -1)
    if (value === undefined) this.#seats.delete(key)
    else {
      this.#seats.set(key, value)
      this.#count(value, 1)
    }
  }

  #count({ pool, units }: SeatRow, sign: 1 | -1): void {
    const account = this.#account(pool)
    account.units += sign * units
    this.#touched.add(account)
    if (account.units <= account.most) return
    account.most = account.units
    account.mostIndex = this.#index
  }

  #takeKey(key: string, value: KeyRow | undefined): void {
    if (value === undefined) this.#keys.delete(key)
    else if (value.kind === 'license') {
      this.#keys.set(key, JSON.parse(value.body) as LicenseKey)
      this.#serial = Math.max(this.#serial, value.serial)
      this.#touchAll()
    }
  }

  #touchAll(): void {
    for (const account of this.#accounts.values()) this.#touched.add(account)
  }

  #account(pool: string): Account {
    const known = this.#accounts.get(pool)
    if (known !== undefined) return known
    const at = pool.indexOf('/')
    const made = {
      product: Number(pool.slice(0, at)),
      installation: pool.slice(at + 1),
      units: 0,
      unitsBefore: 0,
      most: 0,
      mostIndex: 0,
    }
    this.#accounts.set(pool, made)
    return made
  }

  #current(): LicenseKey | undefined {
    return [...this.#keys.values()].find(({ serial }) => serial === this.#serial)
  }

  #inForce(account: Account): number {
    const current = this.#current()
    const product = current && productOf(current, account)
    if (product !== undefined) return forceOf(product, account, this.#rules)
    // A product that a later key took away: its nature still says whether it is counted at all.
    const earlier = this.#lastWith(account.product)
    return earlier !== undefined && !isCounted(earlier) ? Number.POSITIVE_INFINITY : 0
  }

  #lastWith(product: number): Product | undefined {
    const keys = [...this.#keys.values()].sort((a, b) => b.serial - a.serial)
    return keys.map((key) => productOf(key, { product })).find((found) => found !== undefined)
  }

  #nameOf(product: number): string {
    return this.#lastWith(product)?.name ?? ''
  }

  #excess(account: Account, inForce: number): UnitExcess {
    const { product, installation, units } = account
    return { product, name: this.#nameOf(product), installation, units, inForce }
  }
}

function productOf(key: LicenseKey, { product }: { readonly product: number }): Product | undefined {
  return key.products.find(({ id }) => id === product)
}

function isCounted({ nature }: Product): boolean {
  return nature !== 'onDemand' && nature !== 'enabling'
}

/** A rule of overdraft makes the key's smaller, never larger. */
function forceOf(product: Product | undefined, account: Account, rules: readonly Rule[]): number {
  if (product === undefined) return 0
  if (!isCounted(product)) return Number.POSITIVE_INFINITY
  const limits = rules
    .filter((rule) => rule.kind === 'overdraft' && (rule.product === 0 || rule.product === product.id))
    .map(({ amount }) => amount ?? 0)
  const overdraft = Math.min(product.overdraft ?? 0, ...limits)
  const installation = installationTypes.find((type) => type === account.installation)
  return installation === undefined ? 0 : unitsInForce({ ...product, overdraft }, installation)
}
