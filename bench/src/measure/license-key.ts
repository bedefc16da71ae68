import { formatKeyFile, generateKeyPair, signKey } from '@tranca/license-key'
import { checkCatalog, checkOrder, emptyRegister, issue } from '@tranca/vendor'

/** Products of the benchmark's own contract. */
export const products = {
  /** By user and group, more units than anybody asks for. */
  users: 4_000,
  /** By user and group, fewer units than users. */
  hot: 4_107,
  /** For each request by itself; a unit rests and is taken again for a minute. */
  requests: 4_199,
} as const

export const hotUsers = 10_000
export const hotUnits = 5_000

const PLENTY = 2_000_000

/** A key for the benchmark's own cluster, and the public key that its nodes verify it with. */
export interface BenchKey {
  readonly publicKeyPem: string
  readonly keyFile: string
  /** What the key file signs. */
  readonly body: Parameters<typeof signKey>[0]
}

/** Issues a development key; the private key is forgotten. */
export function issueBenchKey(nowMs: number): BenchKey {
  const { privateKeyPem, publicKeyPem } = generateKeyPair()
  const catalog = checkCatalog(
    {
      format: 1,
      name: 'Benchmark',
      products: [
        { id: products.users, name: 'Full', nature: 'concurrent', consumerKey: ['user', 'group'] },
        { id: products.hot, name: 'Back Office', nature: 'concurrent', consumerKey: ['user', 'group'] },
        {
          id: products.requests,
          name: 'REST Line',
          nature: 'concurrent',
          consumerKey: [],
          reuse: { windowMs: 60_000, from: 'acquire' },
        },
      ],
      features: [{ id: 'erp', name: 'ERP', products: [products.users] }],
    },
    'catalog',
  )
  const order = checkOrder(catalog)(
    {
      format: 1,
      customer: { id: 'BENCH', name: 'Benchmark' },
      installationId: 'tranca-bench',
      months: 1,
      utcOffsetMinutes: 0,
      products: [
        { id: products.users, quantity: PLENTY },
        { id: products.hot, quantity: hotUnits },
        { id: products.requests, quantity: PLENTY },
      ],
    },
    'order',
  )
  const issued = issue({ register: emptyRegister, catalog, order, nowMs })
  const body = issued.ok ? issued.licenses[0] : undefined
  if (body === undefined) throw new Error(`no key was issued: ${JSON.stringify(issued)}`)
  return { publicKeyPem, keyFile: formatKeyFile(signKey(body, privateKeyPem)), body }
}
