import { operation } from '../operation.ts'
import { readField, readOptional } from '../schema/containers.ts'
import { count, integer } from '../schema/scalars.ts'
import { byDefault, told } from '../schema/schema.ts'
import {
  checkoutMode,
  company,
  feature,
  grant,
  grantStatus,
  group,
  host,
  idleMs,
  lingerMs,
  productAsked,
  unit,
  units,
  user,
} from './license-shapes.ts'
import { owner, token, waitMs } from './shapes.ts'

const wait = byDefault(waitMs, 0)
const priority = byDefault(integer(-1_000, 1_000), 0, 'Larger goes first, then who came first.')
const counted = told(count, 'Units that count for this consumer now; 0 where nothing is counted.')

/** Takes a unit for a feature or a product, or shares one that its consumer has already. */
export const licenseCheckout = operation({
  code: 80,
  name: 'license.checkout',
  kind: 'command',
  doc: 'Takes a unit for a feature or a product, or shares the one that its consumer has. A refusal says cause, products tried, rule, holders, place and time.',
  fields: {
    owner,
    feature,
    product: productAsked,
    user,
    group,
    company,
    host,
    units,
    mode: checkoutMode,
    waitMs: wait,
    priority,
    lingerMs,
    idleMs,
  },
  result: { grant, product: count, status: grantStatus, units: counted, unit, token },
  example: { owner: 'u1', feature: 'fiscal', user: 'ana', group: '01', waitMs: 5_000 },
  exampleResult: { grant: 812, product: 4_000, status: 'inUse', units: 1, unit: 7, token: 44 },
  build: (reader) => {
    const out = {
      op: 'license.checkout' as const,
      owner: readField(reader, owner),
      feature: readField(reader, feature),
      product: readField(reader, productAsked),
      user: readField(reader, user),
      group: readField(reader, group),
      company: readField(reader, company),
      host: readField(reader, host),
      units: readField(reader, units),
      mode: readField(reader, checkoutMode),
      waitMs: readField(reader, wait),
      priority: readField(reader, priority),
    }
    const linger = readOptional(reader, lingerMs)
    const idle = readOptional(reader, idleMs)
    if (linger === undefined && idle === undefined) return out
    return {
      ...out,
      ...(linger !== undefined && { lingerMs: linger }),
      ...(idle !== undefined && { idleMs: idle }),
    }
  },
  buildResult: (reader) => ({
    grant: readField(reader, grant),
    product: readField(reader, count),
    status: readField(reader, grantStatus),
    units: readField(reader, counted),
    unit: readField(reader, unit),
    token: readField(reader, token),
  }),
})
