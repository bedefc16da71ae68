/**
 * The vendor's desk: what becomes of orders. The functions are pure, from a register to the next one;
 * `run` is the program `tranca-vendor`, with its files around them.
 *
 * @example
 * const catalog = checkCatalog(JSON.parse(readFileSync(sampleCatalog, 'utf8')), '')
 * const order = checkOrder(catalog)(JSON.parse(readFileSync('order.json', 'utf8')), '')
 * const issued = issue({ register: emptyRegister, catalog, order, nowMs: Date.now() })
 * if (issued.ok) signKey(issued.licenses[0], privateKeyPem) // and keep issued.register
 */

export { type Catalog, type CatalogProduct, checkCatalog } from './catalog.ts'
export { type CloneRegistered, type CloneRequest, registerClone } from './clone.ts'
export { sampleCatalog } from './command-kit.ts'
export {
  type EmergencyIssued,
  type EmergencyQuota,
  type EmergencyRequest,
  emergencyQuota,
  issueEmergency,
} from './emergency.ts'
export type { Io } from './io.ts'
export { type Issued, type IssueRequest, issue, split } from './issue.ts'
export { checkOrder, type Order, type OrderProduct } from './order.ts'
export { checkPlan, type Plan, type Share } from './plan.ts'
export type { Refusal, RefusalCode } from './refusal.ts'
export { checkRegister, emptyRegister, type Installation, type Register } from './register.ts'
export { type RenewRequest, renew } from './renew.ts'
export { type RevokeRequest, revoke } from './revoke.ts'
export { run } from './run.ts'
export { type Validated, type ValidationRefusalCode, validate } from './validate.ts'
export {
  startValidationServer,
  type ValidationServer,
  type ValidationServerOptions,
} from './validation-server.ts'
