import type { Json, Operation } from '../src/index.ts'
import { ok, unknown } from './kit.ts'
import { randomOf } from './service.ts'

export const kinds = [
  'lock',
  'shared',
  'fence',
  'seq',
  'reserve',
  'pool',
  'first capacity',
  'register',
] as const

/** A few operations on one object with answers out of the air: some possible, some not. */
export function tinyHistory(kind: (typeof kinds)[number], seed: number): Operation[] {
  const random = randomOf(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!
  const ttl = (): { readonly [key: string]: Json } =>
    random() < 0.5 ? { ttl_ms: pick([0, 0.002, 0.005]) } : {}
  const request = (): { readonly [key: string]: Json } => (random() < 0.25 ? { req_id: 'q' } : {})
  const leases = new Set<string>()
  const make = (): readonly [string, { readonly [key: string]: Json }, Json] => {
    const owner = pick(['a', 'b'])
    const lease = pick(['l1', 'l2'])
    const truth = { ok: random() < 0.6 }
    switch (kind) {
      case 'lock':
      case 'shared': {
        const mode = kind === 'shared' && random() < 0.7 ? { mode: 'shared' } : {}
        const named = { lock: 'x', owner, token: 1 + below(3) }
        return pick([
          () =>
            [
              'lock.acquire',
              { lock: 'x', owner, ...mode, ...ttl(), ...request() },
              truth.ok
                ? { ok: true, token: 1 + below(3), ...(random() < 0.1 ? { already: true } : {}) }
                : { ok: false, ...(random() < 0.5 ? {} : { holder: pick(['a', 'b']) }) },
            ] as const,
          () => ['lock.release', named, truth] as const,
          () => ['lock.renew', { ...named, ...ttl() }, truth] as const,
          () =>
            [
              'lock.get',
              { lock: 'x' },
              pick<Json>([{ holder: '' }, { holder: owner, token: 1 + below(3) }]),
            ] as const,
        ])()
      }
      case 'fence':
        return ['fence.write', { resource: 'r', token: 1 + below(4) }, truth]
      case 'seq':
        return random() < 0.3
          ? ['seq.get', { seq: 's' }, { next: 1 + below(5) }]
          : [
              'seq.next',
              { seq: 's', ...(random() < 0.2 ? { n: 2 } : {}), ...request() },
              { value: 1 + below(5) },
            ]
      case 'reserve': {
        const value = 1 + below(3)
        return pick([
          () => ['seq.reserve', { seq: 's', ...ttl(), ...request() }, { value }] as const,
          () => ['seq.reserve', { seq: 's' }, { value }] as const,
          () => ['seq.confirm', { seq: 's', value }, truth] as const,
          () => ['seq.rollback', { seq: 's', value }, truth] as const,
          () => ['seq.next', { seq: 's' }, { value }] as const,
          () => ['seq.raise', { seq: 's', next: 1 + below(4) }, { ok: true }] as const,
          () => ['seq.get', { seq: 's' }, { next: 1 + below(4) }] as const,
        ])()
      }
      case 'pool':
      case 'first capacity':
        return pick([
          () =>
            kind === 'pool' || random() < 0.3
              ? (['pool.resize', { pool: 'p', cap: below(4) }, { ok: true }] as const)
              : (['pool.get', { pool: 'p' }, { used: below(4) }] as const),
          () => {
            const args = { pool: 'p', n: 1 + below(2), ...ttl(), ...request() }
            leases.add(lease)
            return ['pool.checkout', args, truth.ok ? { ok: true, lease } : { ok: false }] as const
          },
          () => ['pool.checkin', { pool: 'p', lease }, truth] as const,
          () => ['pool.renew', { pool: 'p', lease, ...ttl() }, truth] as const,
          () => {
            const cap = kind === 'pool' || random() < 0.2 ? { cap: pick([2, 2, 1]) } : {}
            return ['pool.get', { pool: 'p' }, { used: below(4), ...cap }] as const
          },
        ])()
      case 'register':
        return pick([
          () => ['register.read', {}, { value: pick([null, 1, 2]) }] as const,
          () => ['register.write', { value: 1 + below(2) }, { ok: true }] as const,
          () => ['register.cas', { from: 1 + below(2), to: 1 + below(2) }, truth] as const,
        ])()
    }
  }
  const operations = Array.from({ length: 2 + below(5) }, () => {
    const [op, args, ret] = make()
    const callUs = below(10)
    return random() < 0.25 ? unknown(op, args, callUs) : ok(op, args, ret, [callUs, callUs + below(5)])
  })
  if (kind !== 'pool') return operations
  return [ok('pool.resize', { pool: 'p', cap: 2 }, { ok: true }, [0, 0]), ...operations.map(later)]
}

/** After the resize that says how large the pool is. */
function later(operation: Operation): Operation {
  const { callNs, returnNs } = operation
  return {
    ...operation,
    callNs: callNs + 1000n,
    ...(returnNs === undefined ? {} : { returnNs: returnNs + 1000n }),
  }
}
