import { operation } from '../operation.ts'
import { boolean, count } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'
import { metricValue, product } from './license-shapes.ts'

/** Tells how many items of an onDemand product's metric there are. */
export const licenseMetric = operation({
  code: 83,
  name: 'license.metric',
  kind: 'command',
  doc: "Tells how many items of an `onDemand` product's metric there are, in the session's installation type. What would raise it over its limit is refused.",
  fields: { product, value: told(metricValue, 'Active items.') },
  result: { value: count, limit: count, exceeded: boolean },
  example: { product: 4_177, value: 480 },
  exampleResult: { value: 480, limit: 500, exceeded: false },
})
