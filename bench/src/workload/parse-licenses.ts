import { limits } from '../limits.ts'
import { dayMs, type Fields } from './fields.ts'
import type { DbAccessPlan, LicensedProduct, LicenseRulePlan, LicensesPlan, SlavePlan } from './workload.ts'

/** The part of a workload file that is about licenses. @throws WorkloadError */
export function parseLicenses(fields: Fields): LicensesPlan {
  const plan = {
    installationId: fields.text('installationId'),
    products: fields.objects('products', 1, limits.productsMax).map(parseProduct),
    rules: fields.has('rules') ? fields.objects('rules', 0, limits.productsMax).map(parseRule) : [],
    logIn: parseLogIn(fields.object('logIn')),
    dbaccess: fields.has('dbaccess') ? parseDbAccess(fields.object('dbaccess')) : undefined,
  }
  if (new Set(plan.products.map(({ id }) => id)).size !== plan.products.length) {
    fields.fail('products', 'a different id for each product')
  }
  fields.done()
  return plan
}

function parseProduct(fields: Fields): LicensedProduct {
  const product = {
    id: fields.whole('id', 1, 999_999),
    ...(fields.has('quantity') ? { quantity: fields.whole('quantity', 1, limits.unitsMax) } : {}),
    ...(fields.has('overdraft') ? { overdraft: fields.whole('overdraft', 0, limits.unitsMax) } : {}),
  }
  fields.done()
  return product
}

function parseRule(fields: Fields): LicenseRulePlan {
  const kind = fields.oneOf('kind', ['reserve', 'max', 'include', 'exclude'])
  const subject = fields.object('subject')
  const rule = {
    kind,
    product: fields.whole('product', 0, 999_999),
    subject: {
      type: subject.oneOf('type', ['user', 'group', 'host', 'company']),
      value: subject.text('value'),
    },
    ...(kind === 'reserve' || kind === 'max' ? { amount: fields.whole('amount', 0, limits.unitsMax) } : {}),
  }
  subject.done()
  fields.done()
  return rule
}

function parseLogIn(fields: Fields): LicensesPlan['logIn'] {
  const weights = fields.object('features')
  const features = new Map(weights.names().map((name) => [name, weights.whole(name, 1, 1_000_000)]))
  if (features.size === 0) fields.fail('features', 'at least one feature with its weight')
  const logIn = {
    features,
    secondPercent: fields.percent('secondPercent'),
    againPercent: fields.percent('againPercent'),
    waitMs: fields.whole('waitMs', 0, dayMs),
  }
  fields.done()
  return logIn
}

function parseDbAccess(fields: Fields): DbAccessPlan {
  const plan = {
    name: fields.text('name'),
    host: fields.text('host'),
    licenseLimit: fields.whole('licenseLimit', 0, limits.unitsMax),
    slaves: fields.objects('slaves', 1, limits.slavesMax).map(parseSlave),
  }
  if (new Set(plan.slaves.map(({ name }) => name)).size !== plan.slaves.length) {
    fields.fail('slaves', 'a different name for each slave')
  }
  fields.done()
  return plan
}

function parseSlave(fields: Fields): SlavePlan {
  const slave = {
    name: fields.text('name'),
    host: fields.text('host'),
    cores: fields.whole('cores', 1, 1_024),
    threads: fields.whole('threads', 1, 1_000),
    workMs: fields.range('workMs', dayMs),
    thinkMs: fields.range('thinkMs', dayMs, 1),
  }
  fields.done()
  return slave
}
