// The world of the kit with a license key, so that the field's cases read as stories.
import type { LicenseRead, LicenseRule, Result } from '../src/index.ts'
import { type Client, granted, outcome, World } from './kit.ts'

export interface Product {
  readonly id: number
  readonly name?: string
  readonly nature?: string
  readonly quantity?: number
  readonly [field: string]: unknown
}

/** A key's body as the vendor writes it; valid all of 2026 unless said otherwise. */
export function keyBody(
  products: readonly Product[],
  features: Record<string, readonly number[]> = {},
  more: Record<string, unknown> = {},
): string {
  return JSON.stringify({
    format: 1,
    kind: 'license',
    serial: 1,
    customer: { id: 'C1', name: 'Casa do Parafuso' },
    installationId: 'inst-1',
    issuedAt: '2026-01-01T00:00:00Z',
    validFrom: '2026-01-01',
    validUntil: '2026-12-31',
    utcOffsetMinutes: -180,
    products: products.map((product) => ({
      name: `P${product.id}`,
      nature: 'concurrent',
      quantity: 0,
      ...product,
    })),
    features: Object.entries(features).map(([id, list]) => ({ id, name: id, products: list })),
    ...more,
  })
}

export function emergencyBody(serial: number, day: string, more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    format: 1,
    kind: 'emergency',
    serial,
    installationId: 'inst-1',
    day,
    utcOffsetMinutes: -180,
    number: 1,
    ...more,
  })
}

export interface Who {
  readonly owner?: string
  readonly user?: string
  readonly group?: string
  readonly company?: string
  readonly host?: string
  readonly units?: number
  readonly mode?: 'use' | 'query'
  readonly waitMs?: number
  readonly priority?: number
  readonly lingerMs?: number
  readonly idleMs?: number
}

export type Taken = {
  readonly grant: number
  readonly product: number
  readonly status: string
  readonly units: number
  readonly unit: number
  readonly token: number
}

export class LicenseWorld extends World {
  install(body: string): Result {
    this.begin()
    const result = this.ledger.applyInternal({ op: 'key.install', body })
    this.ledger.checkInvariants()
    return result
  }

  calendar(wallMs: number): Result {
    this.begin()
    return this.ledger.applyInternal({ op: 'license.calendar', wallMs })
  }

  read(read: LicenseRead): Record<string, unknown> {
    return granted(this.query(read))
  }

  /** Units in use of a product in production. */
  used(product: number): number {
    const { products } = this.read({ op: 'license.list', installation: 'production' })
    const view = (products as { product: number; used: number }[]).find((each) => each.product === product)
    return view?.used ?? -1
  }

  view(product: number, installation: 'production' | 'homologation' | 'development' = 'production') {
    const { products } = this.read({ op: 'license.list', installation })
    const view = (products as Record<string, unknown>[]).find((each) => each.product === product)
    if (view === undefined) throw new Error(`no product ${product}`)
    return view as Record<string, number>
  }

  validity(): string {
    return this.read({ op: 'license.validity' }).state as string
  }

  override failOver(): void {
    const before = this.rows()
    super.failOver()
    this.ledger.checkInvariants()
    const after = this.rows().filter(([key]) => key !== 'x')
    const wanted = before.filter(([key]) => key !== 'x')
    if (JSON.stringify(after) !== JSON.stringify(wanted)) {
      throw new Error(`rows differ after a failover:\n${JSON.stringify(wanted)}\n${JSON.stringify(after)}`)
    }
  }
}

/** Checks a feature (a name) or a product (a number) out. */
export function checkout(client: Client, what: string | number, who: Who = {}): Result | undefined {
  const user = who.user ?? who.owner ?? 'u1'
  const { owner = user, group = '', company = '', host = '', units = 1, mode = 'use' } = who
  const { waitMs = 0, priority = 0, lingerMs, idleMs } = who
  return client.do({
    op: 'license.checkout',
    owner,
    feature: typeof what === 'string' ? what : '',
    product: typeof what === 'number' ? what : 0,
    user,
    group,
    company,
    host,
    units,
    mode,
    waitMs,
    priority,
    ...(lingerMs === undefined ? {} : { lingerMs }),
    ...(idleMs === undefined ? {} : { idleMs }),
  })
}

export function take(client: Client, what: string | number, who: Who = {}): Taken {
  return granted(checkout(client, what, who)) as Taken
}

export function checkin(client: Client, grant: number | Taken, owner = 'u1'): string {
  const id = typeof grant === 'number' ? grant : grant.grant
  const result = client.do({ op: 'license.checkin', owner, grant: id })
  return result?.ok === true ? (result.value.status as string) : outcome(result)
}

export function rules(client: Client, version: number, list: readonly LicenseRule[]): Result | undefined {
  return client.do({ op: 'license.rules', version, rules: list })
}

/** Runs a story twice: as it is, and with a failover at every point it marks. */
export function twice(story: (failOver: (world: LicenseWorld) => void) => void): void {
  story(() => undefined)
  story((world) => world.failOver())
}
