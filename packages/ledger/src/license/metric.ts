import type { Session } from '../graph.ts'
import { METRIC_MAX } from '../limits.ts'
import { invalid, type Result, refuse } from '../result.ts'
import { isWhole } from './checkout.ts'
import type { LicenseMetric } from './commands.ts'
import type { Licenses } from './licenses.ts'

// license.metric: any number of users, but no more items than the contract allows. What would raise the
// metric above its limit is refused; what lowers it is always taken, even if it stays above.

export function setMetric(licenses: Licenses, session: Session, operation: LicenseMetric): Result {
  const { product, value } = operation
  if (!isWhole(value, 0, METRIC_MAX)) return invalid('value', value, `0 to ${METRIC_MAX}`)
  const pool = licenses.catalog.pool(product, session.installation)
  if (pool === undefined) return refuse('unknownProduct', { product })
  const { nature, metric } = pool.spec
  if (nature !== 'onDemand') return refuse('wrongNature', { product, nature, expected: 'onDemand' })
  const limit = pool.total
  if (value > limit && value > pool.metric) {
    return refuse('metricExceeded', { product, metric, value: pool.metric, wanted: value, limit })
  }
  if (value !== pool.metric) {
    pool.metric = value
    licenses.core.rows.mark(pool)
    licenses.core.emitValue('license.metric', session.namespace, pool.label, session.id, '', String(value))
    licenses.waiters.touchLine(pool)
    licenses.tally.measure(pool)
  }
  return { ok: true, value: { value, limit, exceeded: value > limit } }
}
