// What licenses cost: `node --expose-gc packages/ledger/dist/test/license-measure.js`. Not a test.
import { Ledger, type Operation } from '../src/index.ts'
import { keyBody } from './license-kit.ts'

class Bench {
  readonly ledger = new Ledger({ sink: { answer: () => {}, event: () => {} } })
  #index = 0
  #id = 0

  constructor(quantity: number) {
    this.begin()
    const products = [
      { id: 4000, quantity },
      { id: 4001, quantity: 1_000, consumerKey: [], reuse: { windowMs: 30_000, from: 'release' } },
    ]
    this.ledger.applyInternal({ op: 'key.install', body: keyBody(products, { fat: [4134, 4000] }) })
    const operation = {
      op: 'session.open',
      key: new Uint8Array(16),
      namespace: 'producao',
      client: 'appserver-1',
      installation: 'production',
      ttlMs: 30_000,
      lockDelayMs: 0,
      codesMax: 100,
    } as const
    this.ledger.apply({ session: 0, generation: 0, id: 1, acks: [], operation })
  }

  begin(): void {
    this.#index += 1
    this.ledger.begin({
      index: this.#index,
      term: 1,
      timeMs: this.#index,
      wallMs: 1_795_262_400_000 + this.#index,
    })
  }

  run(operation: Operation): { readonly [field: string]: unknown } {
    this.#id += 1
    const result = this.ledger.apply({
      session: 1,
      generation: 1,
      id: this.#id,
      acks: [this.#id - 1],
      operation,
    })
    if (result?.ok !== true) throw new Error(`refused: ${JSON.stringify(result)}`)
    return result.value
  }

  checkout(owner: string, product = 0): number {
    return this.run({
      op: 'license.checkout',
      owner,
      feature: product === 0 ? 'fat' : '',
      product,
      user: owner,
      group: '01',
      company: 'T1',
      host: '10.0.0.1',
      units: 1,
      mode: 'use',
      waitMs: 0,
      priority: 0,
    }).grant as number
  }

  time(count: number, step: (at: number) => void): number {
    for (let at = 0; at < 20_000; at += 1) step(at)
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < 5; round += 1) {
      const start = process.hrtime.bigint()
      for (let at = 0; at < count; at += 1) {
        if (at % 64 === 0) this.begin()
        step(at)
      }
      best = Math.min(best, Number(process.hrtime.bigint() - start) / count)
    }
    return best
  }
}

function show(what: string, value: number, unit: string): void {
  console.log(`${what.padEnd(60)} ${value.toFixed(0).padStart(7)} ${unit}`)
}

const lock = (bench: Bench) => (at: number) => {
  const owner = `u${at % 5_000}`
  const name = `SA1${at % 5_000}`
  bench.run({ op: 'lock.acquire', owner, locks: [{ name, mode: 'exclusive' }], waitMs: 0, priority: 0 })
  bench.run({ op: 'lock.release', owner, names: [name] })
}
const pair = (bench: Bench) => (at: number) => {
  const owner = `u${at % 5_000}`
  bench.run({ op: 'license.checkin', owner, grant: bench.checkout(owner) })
}
const stateless = (bench: Bench) => (at: number) => {
  const owner = `t${at % 64}`
  bench.run({ op: 'license.checkin', owner, grant: bench.checkout(owner, 4001) })
}

for (const held of [100, 10_000, 1_000_000]) {
  const bench = new Bench(2_000_000)
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  for (let at = 0; at < held; at += 1) {
    if (at % 64 === 0) bench.begin()
    bench.checkout(`held-${at}`)
  }
  bench.ledger.takeChanges()
  globalThis.gc?.()
  const bytes = (process.memoryUsage().heapUsed - before) / held
  show(`${held} units in use: memory each, with owner and usage row`, bytes, 'bytes')
  show(`${held} units in use: lock.acquire + lock.release`, bench.time(100_000, lock(bench)), 'ns')
  show(`${held} units in use: license.checkout + license.checkin`, bench.time(100_000, pair(bench)), 'ns')
  show(`${held} units in use: stateless request, reused unit`, bench.time(100_000, stateless(bench)), 'ns')
}
