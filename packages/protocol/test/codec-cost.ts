// What encoding and decoding of the hottest operations cost: `npm run measure -w @tranca/protocol`.
import { decodeRequest, decodeServerFrame, encodeOk, encodeRequest, Writer } from '../src/index.ts'
import { type FieldsOf, type OperationName, operations, type ResultInputOf } from '../src/operations/index.ts'

const distinct = 1_000
const rounds = 300

function measure<N extends OperationName>(
  name: N,
  fieldsOf: (i: number) => FieldsOf<N>,
  resultOf: (i: number) => ResultInputOf<N>,
): void {
  const writer = new Writer()
  const requests: Buffer[] = []
  const answers: Buffer[] = []
  const fields = Array.from({ length: distinct }, (_, i) => fieldsOf(i))
  const results = Array.from({ length: distinct }, (_, i) => resultOf(i))
  const opOf = () => operations[name]
  for (let i = 0; i < distinct; i++) {
    encodeRequest(writer, name, 1_000 + i, [999 + i], fields[i]!)
    requests.push(writer.take().subarray(4))
    encodeOk(writer, name, 1_000 + i, results[i]!)
    answers.push(writer.take().subarray(4))
  }
  const steps: [string, (i: number) => void][] = [
    ['encode request', (i) => encodeRequest(writer, name, 1_000 + i, [999 + i], fields[i]!)],
    ['decode request', (i) => void decodeRequest(requests[i]!)],
    ['encode answer', (i) => encodeOk(writer, name, 1_000 + i, results[i]!)],
    ['decode answer', (i) => void decodeServerFrame(answers[i]!, opOf)],
  ]
  const cells = steps.map(([label, step]) => {
    let best = Number.POSITIVE_INFINITY
    for (let trial = 0; trial < 5; trial++) {
      const start = process.hrtime.bigint()
      for (let round = 0; round < rounds; round++) {
        for (let i = 0; i < distinct; i++) step(i)
        writer.take()
      }
      best = Math.min(best, Number(process.hrtime.bigint() - start) / (rounds * distinct))
    }
    return `${label} ${best.toFixed(0)} ns`
  })
  console.log(`${name.padEnd(18)} ${requests[0]!.length} bytes: ${cells.join(', ')}`)
}

const scope = { company: '01', branch: '0101' }
for (let pass = 0; pass < 2; pass++) {
  measure(
    'lock.acquire',
    (i) => ({
      owner: `u${i % 100}`,
      locks: [{ name: `SA1${100_000 + i}`, mode: 'exclusive' }],
      waitMs: 5_000,
    }),
    (i) => ({ token: 1_000_000 + i, counts: [1] }),
  )
  measure(
    'lock.release',
    (i) => ({ owner: `u${i % 100}`, names: [`SA1${100_000 + i}`] }),
    () => ({ counts: [0] }),
  )
  measure(
    'license.checkout',
    (i) => ({ owner: `u${i % 100}`, feature: 'fiscal', user: `user${i}`, group: '01', host: `ws-${i % 50}` }),
    (i) => ({ grant: 100_000 + i, product: 4_000, status: 'inUse', units: 1, unit: i, token: 1_000_000 + i }),
  )
  measure(
    'license.checkin',
    (i) => ({ owner: `u${i % 100}`, grant: 100_000 + i }),
    () => ({ status: 'released' }),
  )
  measure(
    'sequence.next',
    (i) => ({ owner: `u${i % 100}`, name: 'order', scope }),
    (i) => ({ first: `${100_000 + i}`, last: `${100_000 + i}`, count: 1, prefix: '', period: '' }),
  )
  measure(
    'sequence.reserve',
    (i) => ({ owner: `u${i % 100}`, name: 'nf', scope }),
    (i) => ({ value: `${100_000 + i}`, prefix: 'A', period: '2026', reissued: false }),
  )
  measure(
    'sequence.confirm',
    (i) => ({ owner: `u${i % 100}`, name: 'nf', scope, value: `${100_000 + i}` }),
    (i) => ({ value: `${100_000 + i}` }),
  )
}
