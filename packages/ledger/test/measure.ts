// What the hot path costs: `node --expose-gc packages/ledger/dist/test/measure.js`. Not a test.
import { type ClientCommand, Ledger, type Operation } from '../src/index.ts'

let events = 0
const ledger = new Ledger({
  sink: {
    answer: () => {},
    event: () => {
      events += 1
    },
  },
})
let index = 0
let nextId = 0

function begin(): void {
  index += 1
  ledger.begin({ index, term: 1, timeMs: index, wallMs: 1_795_262_400_000 + index })
}

function open(): void {
  const operation = {
    op: 'session.open',
    key: new Uint8Array(16),
    namespace: 'producao',
    client: 'appserver-1',
    installation: 'production',
    ttlMs: 30_000,
    lockDelayMs: 0,
    codesMax: 100_000,
  } as const
  ledger.apply({ session: 0, generation: 0, id: 1, acks: [], operation })
}

function run(operation: Operation): void {
  nextId += 1
  const command: ClientCommand = { session: 1, generation: 1, id: nextId, acks: [nextId - 1], operation }
  const result = ledger.apply(command)
  if (result?.ok !== true) throw new Error(`refused: ${JSON.stringify(result)}`)
}

function measure(what: string, count: number, step: (at: number) => void): void {
  for (let at = 0; at < 20_000; at += 1) step(at)
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 40; round += 1) {
    const start = process.hrtime.bigint()
    for (let at = 0; at < count; at += 1) {
      if (at % 64 === 0) begin()
      step(at)
    }
    best = Math.min(best, Number(process.hrtime.bigint() - start) / count)
  }
  console.log(`${what.padEnd(60)} ${best.toFixed(0).padStart(6)} ns`)
}

begin()
open()
const pair = (at: number): void => {
  const owner = `u${at % 500}`
  const name = `SA1${100_000 + (at % 5_000)}`
  run({ op: 'lock.acquire', owner, locks: [{ name, mode: 'exclusive' }], waitMs: 0, priority: 0 })
  run({ op: 'lock.release', owner, names: [name] })
}
measure('lock.acquire + lock.release, apart from 0 held', 20_000, pair)
const scope = { company: '01', branch: '0101' }
const spec = {
  kind: 'fast',
  digits: 'decimal',
  width: 9,
  prefix: '',
  start: '000000001',
  reset: 'never',
  utcOffsetMinutes: -180,
  reservationTtlMs: 0,
  warnBelow: 0,
} as const
measure('sequence.next', 20_000, () => {
  run({ op: 'sequence.next', owner: 'u1', name: 'pedido', scope, count: 1, spec })
})
const gapless = { ...spec, kind: 'gapless' } as const
let value = 0
measure('sequence.reserve + sequence.confirm', 20_000, () => {
  run({ op: 'sequence.reserve', owner: 'u1', name: 'nf', scope, spec: gapless })
  value += 1
  const text = String(value).padStart(9, '0')
  run({ op: 'sequence.confirm', owner: 'u1', name: 'nf', scope, value: text })
})
measure('code.reserve + code.release', 20_000, (at) => {
  const code = `SC5${100_000 + (at % 5_000)}`
  run({ op: 'code.reserve', owner: 'u1', code })
  run({ op: 'code.release', owner: 'u1', code })
})
ledger.takeChanges()

const heldCount = 200_000
globalThis.gc?.()
const before = process.memoryUsage().heapUsed
for (let at = 0; at < heldCount; at += 1) {
  if (at % 64 === 0) begin()
  const owner = `h${at % 1_000}`
  const name = `SB1${1_000_000 + at}`
  run({ op: 'lock.acquire', owner, locks: [{ name, mode: 'exclusive' }], waitMs: 0, priority: 0 })
}
const takeStart = process.hrtime.bigint()
const changes = ledger.takeChanges().length
const takeNs = Number(process.hrtime.bigint() - takeStart) / changes
globalThis.gc?.()
const bytes = (process.memoryUsage().heapUsed - before) / heldCount
console.log(`${'memory of a held lock (1 000 owners)'.padEnd(60)} ${bytes.toFixed(0).padStart(6)} bytes`)
console.log(`${'takeChanges, each row'.padEnd(60)} ${takeNs.toFixed(0).padStart(6)} ns`)
measure(`lock.acquire + lock.release, apart from ${heldCount} held`, 20_000, pair)
console.log(`${events} events`)
