import type { Installation } from '../commands.ts'
import type { FeatureSpec, ProductSpec } from './key-body.ts'
import { PeakMeter } from './peak-meter.ts'
import { INSTALLATIONS, Pool, poolId } from './pool.ts'
import { WaitQueue } from './queue.ts'

/** What the key in force lists: pools by product and installation type, and the features that stand for them. */
export class Catalog {
  readonly pools = new Map<string, Pool>()
  /** By product, then installation type. */
  poolList: readonly Pool[] = []
  readonly features = new Map<string, FeatureSpec>()
  /** What `poolsOf` found, until pools or features change. */
  readonly #lists: { readonly [installation in Installation]: Lists } = {
    production: newLists(),
    homologation: newLists(),
    development: newLists(),
  }

  pool(product: number, installation: Installation): Pool | undefined {
    return this.pools.get(poolId(product, installation))
  }

  /** The pool, made if absent. */
  openPool(spec: ProductSpec, installation: Installation): Pool {
    const known = this.pool(spec.id, installation)
    if (known !== undefined) return known
    const id = poolId(spec.id, installation)
    const pool = new Pool(spec, installation, new WaitQueue(), new PeakMeter(id, spec.id))
    this.pools.set(id, pool)
    return pool
  }

  /** After pools or features changed. */
  arrange(): void {
    this.poolList = [...this.pools.values()].sort(
      (a, b) =>
        a.product - b.product ||
        INSTALLATIONS.indexOf(a.installation) - INSTALLATIONS.indexOf(b.installation),
    )
    for (const installation of INSTALLATIONS) {
      this.#lists[installation].byFeature.clear()
      this.#lists[installation].byProduct.clear()
    }
  }

  /** The products that a feature or a product id stands for; undefined if the key has no such feature. */
  productsOf(feature: string, product: number): readonly number[] | undefined {
    if (product !== 0) return [product]
    return this.features.get(feature)?.products
  }

  /** Those of them that the customer has. */
  poolsOf(installation: Installation, feature: string, product: number): readonly Pool[] | undefined {
    const { byFeature, byProduct } = this.#lists[installation]
    const known = product === 0 ? byFeature.get(feature) : byProduct.get(product)
    if (known !== undefined) return known
    const products = this.productsOf(feature, product)
    if (products === undefined) return undefined
    const pools: Pool[] = []
    for (const id of products) {
      const pool = this.pool(id, installation)
      if (pool !== undefined) pools.push(pool)
    }
    // An unknown product must not fill the memory.
    if (pools.length === 0) return pools
    if (product === 0) byFeature.set(feature, pools)
    else byProduct.set(product, pools)
    return pools
  }
}

interface Lists {
  readonly byFeature: Map<string, readonly Pool[]>
  readonly byProduct: Map<number, readonly Pool[]>
}

function newLists(): Lists {
  return { byFeature: new Map(), byProduct: new Map() }
}
