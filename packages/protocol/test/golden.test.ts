import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Unpackr } from 'msgpackr'
import t from 'tap'
import { decodeRequest, decodeServerFrame, operations } from '../src/index.ts'
import { goldenPath, goldenText, pagePath, pythonDirectory } from './kit/files.ts'
import { type Golden, toJson, type Vector } from './kit/golden.ts'
import { renderPage } from './kit/reference.ts'

const golden = JSON.parse(readFileSync(goldenPath, 'utf8')) as Golden

function bodyOf(vector: Vector): Buffer {
  const bytes = Buffer.from(vector.hex, 'hex')
  t.equal(bytes.readUInt32BE(0), bytes.length - 4, vector.about)
  return bytes.subarray(4)
}

t.test('the golden vectors are what this version writes', async (t) => {
  t.ok(
    goldenText() === readFileSync(goldenPath, 'utf8'),
    'a difference changes the protocol: if that is meant, npm run golden -w @tranca/protocol',
  )
})

t.test('the golden vectors are read as they say', async (t) => {
  for (const vector of [...golden.requests, ...golden.readOnly, ...golden.refused, ...golden.keepAlive]) {
    t.strictSame(toJson(decodeRequest(bodyOf(vector))), vector.decoded, vector.about)
  }
  for (const vector of [...golden.answers, ...golden.events]) {
    const operation = operations[vector.operation as 'status']
    t.strictSame(toJson(decodeServerFrame(bodyOf(vector), () => operation)), vector.decoded, vector.about)
  }
})

t.test('there is a vector for every operation, its result and every event', async (t) => {
  const seen = new Set(
    golden.requests.map((one) => (one.decoded as { operation: { op: string } }).operation.op),
  )
  t.strictSame([...seen].sort(), Object.keys(operations).sort())
  t.strictSame(
    [...new Set(golden.answers.map((one) => one.operation))].sort(),
    Object.keys(operations).sort(),
  )
})

t.test('another MessagePack library reads the same values', async (t) => {
  const other = new Unpackr({ useRecords: false, int64AsType: 'auto' } as object)
  for (const vector of [...golden.requests, ...golden.answers, ...golden.events, ...golden.readOnly]) {
    t.strictSame(toJson(other.unpack(bodyOf(vector))), vector.body, vector.about)
  }
})

t.test('docs/protocol.md says what the schemas say', async (t) => {
  const page = readFileSync(pagePath, 'utf8')
  t.ok(renderPage(page) === page, 'run npm run docs:protocol -w @tranca/protocol')
})

const python = spawnSync('python3', ['--version'])
const skip = python.status === 0 ? false : 'python3 is not installed here'

t.test('the Python client reads and writes the golden vectors', { skip }, async (t) => {
  const run = spawnSync('python3', ['tranca_test.py'], { cwd: pythonDirectory, encoding: 'utf8' })
  t.equal(run.status, 0, run.stdout + run.stderr)
})
