import {
  addDays,
  addMonths,
  type Clone,
  checkLicense,
  type Day,
  dayOf,
  type LicenseKey,
  type Product,
} from '@tranca/license-key'
import type { Catalog } from './catalog.ts'
import { contractOf, exceedsContract } from './contract.ts'
import { MONTHS_DEFAULT } from './limits.ts'
import { featuresOf, type Order, productsOf } from './order.ts'
import type { Plan, PlannedInstallation } from './plan.ts'
import { type Refusal, refuse } from './refusal.ts'
import { findInstallation, type Register, withContract, withLicense } from './register.ts'

/** The register as it is to be kept, and the bodies to be signed. */
export interface Issued {
  readonly ok: true
  readonly register: Register
  readonly licenses: readonly LicenseKey[]
}

export interface IssueRequest {
  readonly register: Register
  readonly catalog: Catalog
  readonly order: Order
  /** Wall clock, epoch ms: the instant of issue. */
  readonly nowMs: number
}

/** A license for the order's installation, with all that was contracted. */
export function issue(request: IssueRequest): Issued | Refusal {
  const { installationId, hardlockId } = request.order
  const target = { installationId, ...(hardlockId === undefined ? {} : { hardlockId }) }
  const products = productsOf(request.catalog, request.order)
  return issueAll(request, [{ ...target, products }])
}

/** Licenses for the plan's installations, whose sum stays within what was contracted. */
export function split(request: IssueRequest & { readonly plan: Plan }): Issued | Refusal {
  const products = productsOf(request.catalog, request.order)
  const targets = request.plan.installations.map((planned) => ({
    installationId: planned.installationId,
    ...hardlockFor(planned, request.order),
    products: products.flatMap((product) => shareOf(product, planned)),
  }))
  return issueAll(request, targets)
}

interface Target {
  readonly installationId: string
  readonly hardlockId?: string
  readonly products: readonly Product[]
}

function issueAll(request: IssueRequest, targets: readonly Target[]): Issued | Refusal {
  const { register, catalog, order, nowMs } = request
  const contractId = order.contractId ?? order.installationId
  const contract = contractOf(contractId, order.customer, productsOf(catalog, order))
  const period = periodOf(order, nowMs)
  const wrong = wrongOwner(request, contractId, targets) ?? pastPeriod(period.validUntil, order, nowMs)
  if (wrong !== undefined) return wrong
  const licenses = targets.map((target) => {
    const before = findInstallation(register, target.installationId)
    const { utcOffsetMinutes, onlineValidation } = order
    const license: LicenseKey = {
      format: 1,
      kind: 'license',
      serial: (before?.serial ?? 0) + 1,
      customer: order.customer,
      ...target,
      issuedAt: new Date(nowMs).toISOString(),
      ...period,
      utcOffsetMinutes,
      ...(onlineValidation === undefined ? {} : { onlineValidation }),
      features: featuresOf(catalog, order),
      ...clonesFor(before?.clones ?? []),
    }
    return checkLicense(license, '')
  })
  const exceeded = exceedsContract(register, contract, licenses, dayOf(nowMs, order.utcOffsetMinutes))
  if (exceeded !== undefined) return exceeded
  const after = licenses.reduce(
    (result, license) => withLicense(result, { contractId, license }),
    withContract(register, contract),
  )
  return { ok: true, register: after, licenses }
}

/** The clones as a key carries them: absent rather than an empty list. */
export function clonesFor(clones: readonly Clone[]): { readonly clones?: readonly Clone[] } {
  return clones.length === 0 ? {} : { clones }
}

function hardlockFor(planned: PlannedInstallation, order: Order): { readonly hardlockId?: string } {
  const own = planned.installationId === order.installationId ? order.hardlockId : undefined
  const hardlockId = planned.hardlockId ?? own
  return hardlockId === undefined ? {} : { hardlockId }
}

function shareOf(product: Product, planned: PlannedInstallation): readonly Product[] {
  if (product.nature === 'enabling') return [product]
  const share = planned.products.find((each) => each.id === product.id)
  if (share === undefined) return []
  const { production, development = 0, overdraft = 0 } = share
  if (production + development === 0) return []
  const { overdraft: _contracted, ...rest } = product
  return [
    {
      ...rest,
      quantity: production + development,
      distribution: { production, development },
      ...(overdraft === 0 ? {} : { overdraft }),
    },
  ]
}

function periodOf(order: Order, nowMs: number): { validFrom: Day; validUntil: Day } {
  const validFrom = order.validFrom ?? dayOf(nowMs, order.utcOffsetMinutes)
  const validUntil = order.validUntil ?? addDays(addMonths(validFrom, order.months ?? MONTHS_DEFAULT), -1)
  return { validFrom, validUntil }
}

function pastPeriod(validUntil: Day, order: Order, nowMs: number): Refusal | undefined {
  const today = dayOf(nowMs, order.utcOffsetMinutes)
  if (validUntil >= today) return undefined
  return refuse('periodPast', {
    field: 'validUntil',
    value: validUntil,
    expected: `${today} (today) or later`,
  })
}

function wrongOwner(
  request: IssueRequest,
  contractId: string,
  targets: readonly Target[],
): Refusal | undefined {
  const { register, order } = request
  const contract = register.contracts.find((each) => each.id === contractId)
  if (contract !== undefined && contract.customer.id !== order.customer.id) {
    return refuse('otherCustomer', {
      field: 'customer.id',
      value: order.customer.id,
      expected: `${contract.customer.id}, whose contract ${contractId} is`,
    })
  }
  for (const { installationId } of targets) {
    const found = findInstallation(register, installationId)
    if (found === undefined || found.contractId === contractId) continue
    return refuse('otherContract', {
      field: 'installationId',
      value: installationId,
      expected: `an installation of contract ${contractId}: this one is of ${found.contractId}`,
    })
  }
  return undefined
}
