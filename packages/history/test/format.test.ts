import t from 'tap'
import { HistoryRecorder, parseHistory, writeHistory } from '../src/index.ts'

const line =
  '{"client": "a", "op": "lock.acquire", "args": {"lock": "x", "owner": "a"}, "ret": {"ok": true, "token": 9007199254740993}, "status": "ok", "call_ns": 1753800000123456789, "return_ns": 1753800000123456790}'

function operations(text: string) {
  const parsed = parseHistory(text)
  if (!parsed.ok) throw new Error(`line ${parsed.line}: ${parsed.expected}`)
  return parsed.operations
}

await t.test('a history is written as it was read, with every digit', async (t) => {
  t.equal(writeHistory(operations(`${line}\n`)), `${line}\n`)
  const [operation] = operations(line)
  t.equal(operation?.callNs, 1753800000123456789n)
  t.same(operation?.ret, { ok: true, token: 9007199254740993n })
})

await t.test('digits inside a string stay a string', async (t) => {
  const text = line.replace('"owner": "a"', '"owner": "u \\" 90071992547409931"')
  t.equal(operations(text)[0]?.args.owner, 'u " 90071992547409931')
})

await t.test('comments, empty lines, CRLF, a byte order mark and no end of line are fine', async (t) => {
  t.equal(operations(`\uFEFF# comment\r\n\r\n${line}\r\n${line}`).length, 2)
  t.same(operations(''), [])
  t.equal(operations(`# comment\n${line}`)[0]?.line, 2)
})

await t.test('a line that does not fit is named, with what was expected', async (t) => {
  const cases: readonly [string, string, RegExp][] = [
    ['}', '', /one JSON object/],
    ['"lock.acquire"', '"lock.steal"', /op: one of lock.acquire/],
    ['"status": "ok"', '"status": "fine"', /status: ok, unknown or fail/],
    ['6790', '6788', /return_ns: not before call_ns/],
    [', "return_ns": 1753800000123456790', '', /return_ns: an integer/],
    ['1753800000123456790', '"soon"', /return_ns: an integer/],
    [', "token": 9007199254740993', '', /ret\.token: an integer/],
    ['{"ok": true, "token": 9007199254740993}', 'null', /ret: an object/],
    [', "owner": "a"', '', /args\.owner: a string/],
    ['"owner": "a"', '"owner": "a", "ttl_ms": -1', /args\.ttl_ms: milliseconds/],
    ['"client": "a"', '"client": null', /client: a string/],
  ]
  for (const [from, to, expected] of cases) {
    const parsed = parseHistory(`# first\n${line}\n${line.replace(from, to)}\n`)
    t.equal(parsed.ok, false, to)
    if (parsed.ok) continue
    t.equal(parsed.line, 3)
    t.match(parsed.expected, expected)
  }
})

await t.test('unknown and failed operations need no answer and no time of return', async (t) => {
  const text = line
    .replace('{"ok": true, "token": 9007199254740993}', 'null')
    .replace(', "return_ns": 1753800000123456790', '')
  t.equal(operations(text.replace('"ok"', '"unknown"'))[0]?.returnNs, undefined)
  t.equal(operations(text.replace('"ok"', '"fail"').replace('"ret": null, ', ''))[0]?.ret, null)
})

await t.test('the log of a Jepsen test is read', async (t) => {
  const log = [
    'INFO  jepsen.core - starting',
    'INFO  jepsen.util - 0\t:invoke\t:write\t3',
    'INFO  jepsen.util - 1\t:invoke\t:cas\t[3 4]',
    'INFO  jepsen.util - 0\t:ok\t:write\t3',
    'INFO  jepsen.util - 1\t:fail\t:cas\t[3 4]',
    'INFO  jepsen.util - :nemesis\t:info\t:start\tnil',
    'INFO  jepsen.util - 0\t:invoke\t:read\tnil',
    'INFO  jepsen.util - 0\t:ok\t:read\tnil',
    'INFO  jepsen.util - 1\t:invoke\t:read\tnil',
    'INFO  jepsen.util - 1\t:fail\t:read\t:timed-out',
    'INFO  jepsen.util - 2\t:invoke\t:write\t1',
    'INFO  jepsen.util - 2\t:info\t:write\t:timed-out',
    'INFO  jepsen.util - 3\t:invoke\t:write\t1',
  ]
  t.same(
    operations(log.join('\n')).map(({ op, ret, status, callNs, returnNs }) => [
      op,
      ret,
      status,
      Number(callNs),
      returnNs === undefined ? undefined : Number(returnNs),
    ]),
    [
      ['register.write', { ok: true }, 'ok', 2, 4],
      ['register.cas', { ok: false }, 'ok', 3, 5],
      ['register.read', { value: null }, 'ok', 7, 8],
      ['register.read', null, 'fail', 9, undefined],
      ['register.write', null, 'unknown', 11, undefined],
      ['register.write', null, 'unknown', 13, undefined],
    ],
  )
  const cut = parseHistory(log.slice(3).join('\n'))
  t.same(cut, { ok: false, line: 1, expected: 'an answer to an open call of process 0' })
})

await t.test('a recorder keeps calls in order, with how each ended', async (t) => {
  let now = 100n
  const recorder = new HistoryRecorder(() => now++)
  const first = recorder.call('a', 'seq.next', { seq: 's' })
  const second = recorder.call('b', 'seq.next', { seq: 's' })
  recorder.call('c', 'seq.next', { seq: 's' })
  const fourth = recorder.call('d', 'seq.next', { seq: 's' })
  second.ok({ value: 1 })
  second.unknown()
  first.unknown()
  fourth.fail()
  t.equal(
    writeHistory(recorder.operations),
    [
      '{"client": "a", "op": "seq.next", "args": {"seq": "s"}, "ret": null, "status": "unknown", "call_ns": 100}',
      '{"client": "b", "op": "seq.next", "args": {"seq": "s"}, "ret": {"value": 1}, "status": "ok", "call_ns": 101, "return_ns": 104}',
      '{"client": "c", "op": "seq.next", "args": {"seq": "s"}, "ret": null, "status": "unknown", "call_ns": 102}',
      '{"client": "d", "op": "seq.next", "args": {"seq": "s"}, "ret": null, "status": "fail", "call_ns": 103, "return_ns": 105}',
      '',
    ].join('\n'),
  )
})
