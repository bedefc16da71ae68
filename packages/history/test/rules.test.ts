import t from 'tap'
import { checkHistory, type Json, type Operation } from '../src/index.ts'
import { ok, unknown } from './kit.ts'

type When = readonly [number, number]

const yes = { ok: true }
const no = { ok: false }

const acquire = (owner: string, ret: Json, when: When, more: Operation['args'] = {}) =>
  ok('lock.acquire', { lock: 'x', owner, ...more }, ret, when)
const maybeAcquire = (owner: string, callUs: number, more: Operation['args'] = {}) =>
  unknown('lock.acquire', { lock: 'x', owner, ...more }, callUs)
const granted = (token: Json): Json => ({ ok: true, token })
const release = (owner: string, token: number, ret: Json, when: When) =>
  ok('lock.release', { lock: 'x', owner, token }, ret, when)
const renew = (owner: string, token: number, ret: Json, when: When, more: Operation['args'] = {}) =>
  ok('lock.renew', { lock: 'x', owner, token, ...more }, ret, when)
const holder = (name: Json, token: Json, when: When) =>
  ok('lock.get', { lock: 'x' }, token === null ? { holder: name } : { holder: name, token }, when)

const write = (token: number, ret: Json, when: When) => ok('fence.write', { resource: 'r', token }, ret, when)

const next = (value: Json, when: When, more: Operation['args'] = {}) =>
  ok('seq.next', { seq: 's', ...more }, { value }, when)
const maybeNext = (callUs: number, more: Operation['args'] = {}) =>
  unknown('seq.next', { seq: 's', ...more }, callUs)
const sequence = (verb: string, args: Operation['args'], ret: Json, when: When) =>
  ok(`seq.${verb}`, { seq: 's', ...args }, ret, when)

const pool = (verb: string, args: Operation['args'], ret: Json, when: When) =>
  ok(`pool.${verb}`, { pool: 'p', ...args }, ret, when)
const resize = (cap: number, when: When) => pool('resize', { cap }, yes, when)
const checkout = (lease: string | undefined, when: When, more: Operation['args'] = {}) =>
  pool('checkout', more, lease === undefined ? no : { ok: true, lease }, when)
const checkin = (lease: string, ret: Json, when: When) => pool('checkin', { lease }, ret, when)

const register = (verb: string, args: Operation['args'], ret: Json, when: When) =>
  ok(`register.${verb}`, args, ret, when)

/** Name, whether it is possible, and the operations. */
const cases: readonly (readonly [string, boolean, readonly Operation[]])[] = [
  ['nothing at all', true, []],
  ['two holders at once', false, [acquire('a', granted(1), [0, 1]), acquire('b', granted(2), [2, 3])]],
  [
    'a hand-over',
    true,
    [acquire('a', granted(1), [0, 1]), release('a', 1, yes, [2, 3]), acquire('b', granted(7), [2, 3])],
  ],
  [
    'a token that grows backwards in time',
    false,
    [acquire('a', granted(2), [0, 1]), release('a', 2, yes, [2, 3]), acquire('b', granted(1), [4, 5])],
  ],
  [
    'concurrent grants in the order of tokens',
    true,
    [acquire('b', granted(2), [0, 9]), acquire('a', granted(1), [0, 9]), release('a', 1, yes, [3, 9])],
  ],
  [
    'the same token to the same owner',
    false,
    [acquire('a', granted(1), [0, 1]), acquire('a', granted(1), [2, 3])],
  ],
  [
    'the same token, and the answer says so',
    true,
    [acquire('a', granted(1), [0, 1]), acquire('a', { ok: true, token: 1, already: true }, [2, 3])],
  ],
  [
    'another token, and the answer says already',
    false,
    [acquire('a', granted(1), [0, 1]), acquire('a', { ok: true, token: 2, already: true }, [2, 3])],
  ],
  [
    'an owner refused for itself',
    true,
    [acquire('a', granted(1), [0, 1]), acquire('a', { ok: false, holder: 'a' }, [2, 3])],
  ],
  [
    'refused by somebody who holds nothing',
    false,
    [acquire('a', granted(1), [0, 1]), acquire('b', { ok: false, holder: 'c' }, [2, 3])],
  ],
  ['refused by nobody', false, [acquire('b', no, [2, 3])]],
  [
    'refused by one who may have got it',
    true,
    [maybeAcquire('a', 0), acquire('b', { ok: false, holder: 'a' }, [2, 3])],
  ],
  [
    'refused by one who had not yet asked',
    false,
    [maybeAcquire('a', 4), acquire('b', { ok: false, holder: 'a' }, [2, 3])],
  ],
  [
    'an unseen grant leaves no room for its token',
    false,
    [
      acquire('a', granted(1), [0, 1]),
      release('a', 1, yes, [2, 3]),
      maybeAcquire('b', 4, { ttl_ms: 0 }),
      holder('b', null, [5, 6]),
      acquire('a', granted(2), [7, 8]),
    ],
  ],
  [
    'an unseen grant between two tokens',
    true,
    [
      acquire('a', granted(1), [0, 1]),
      release('a', 1, yes, [2, 3]),
      maybeAcquire('b', 4, { ttl_ms: 0 }),
      holder('b', null, [5, 6]),
      acquire('a', granted(3), [7, 8]),
    ],
  ],
  [
    'one request sent twice has one token',
    true,
    [
      acquire('a', granted(1), [0, 1], { req_id: 'q' }),
      release('a', 1, yes, [2, 3]),
      acquire('a', granted(1), [4, 5], { req_id: 'q' }),
    ],
  ],
  [
    'one request with two tokens',
    false,
    [
      acquire('a', granted(1), [0, 1], { req_id: 'q' }),
      release('a', 1, yes, [2, 3]),
      acquire('a', granted(2), [4, 5], { req_id: 'q' }),
    ],
  ],
  [
    'a request that was granted before it was sent again',
    true,
    [
      maybeAcquire('a', 0, { req_id: 'q' }),
      acquire('b', { ok: false, holder: 'a' }, [1, 2]),
      acquire('a', granted(1), [3, 4], { req_id: 'q' }),
    ],
  ],
  [
    'a lease that ended in time',
    true,
    [acquire('a', granted(1), [0, 1], { ttl_ms: 1 }), holder('', null, [2, 1000])],
  ],
  [
    'a lease that ended a nanosecond early',
    false,
    [acquire('a', granted(1), [0, 1], { ttl_ms: 1 }), { ...holder('', null, [2, 999]), returnNs: 999_999n }],
  ],
  [
    'a renewed lease that ended in time',
    true,
    [
      acquire('a', granted(1), [0, 1], { ttl_ms: 1 }),
      renew('a', 1, yes, [500, 501], { ttl_ms: 1 }),
      holder(null, null, [2, 1500]),
    ],
  ],
  [
    'a renewed lease that ended early',
    false,
    [
      acquire('a', granted(1), [0, 1], { ttl_ms: 1 }),
      renew('a', 1, yes, [500, 501], { ttl_ms: 1 }),
      holder('', null, [600, 1499]),
    ],
  ],
  [
    'a lease renewed for its first ttl',
    false,
    [
      acquire('a', granted(1), [0, 1], { ttl_ms: 1 }),
      renew('a', 1, yes, [500, 501]),
      holder('', null, [600, 1499]),
    ],
  ],
  [
    'a lease that ended and came back',
    false,
    [
      acquire('a', granted(1), [0, 1], { ttl_ms: 1 }),
      holder('', null, [1100, 1200]),
      renew('a', 1, yes, [1300, 1400]),
    ],
  ],
  [
    'release of what another holds',
    true,
    [
      acquire('a', granted(1), [0, 1]),
      release('b', 1, no, [2, 3]),
      release('a', 9, no, [2, 3]),
      release('a', 1, yes, [4, 5]),
      release('a', 1, no, [6, 7]),
    ],
  ],
  [
    'released twice',
    false,
    [acquire('a', granted(1), [0, 1]), release('a', 1, yes, [2, 3]), release('a', 1, yes, [4, 5])],
  ],
  [
    'an operation that failed did not happen',
    false,
    [{ ...maybeAcquire('a', 0), status: 'fail' }, acquire('b', { ok: false, holder: 'a' }, [1, 2])],
  ],
  [
    'two who share',
    true,
    [
      acquire('a', granted(1), [0, 1], { mode: 'shared' }),
      acquire('b', granted(2), [2, 3], { mode: 'shared' }),
      holder('a', 1, [4, 5]),
      holder('b', 2, [4, 5]),
    ],
  ],
  [
    'one who shares and one who does not',
    false,
    [acquire('a', granted(1), [0, 1], { mode: 'shared' }), acquire('b', granted(2), [2, 3])],
  ],
  [
    'a stale read',
    false,
    [acquire('a', granted(1), [0, 1]), release('a', 1, yes, [2, 3]), holder('a', 1, [4, 5])],
  ],
  [
    'a token beyond 2^53',
    false,
    [acquire('a', granted(9007199254740993n), [0, 1]), holder('a', 9007199254740992n, [2, 3])],
  ],

  ['an old token refused', true, [write(2, yes, [0, 1]), write(1, no, [2, 3]), write(2, yes, [4, 5])]],
  ['an old token taken', false, [write(2, yes, [0, 1]), write(1, yes, [2, 3])]],
  ['a good token refused', false, [write(2, yes, [0, 1]), write(2, no, [2, 3])]],
  [
    'refused for a write nobody knows of',
    true,
    [unknown('fence.write', { resource: 'r', token: 5 }, 0), write(2, no, [1, 2])],
  ],
  [
    'refused for it, then an older one taken',
    false,
    [unknown('fence.write', { resource: 'r', token: 5 }, 0), write(2, no, [1, 2]), write(3, yes, [3, 4])],
  ],

  ['a sequence begins at 1', false, [next(2, [0, 1])]],
  ['a gap nobody can explain', false, [next(1, [0, 1]), next(3, [2, 3])]],
  ['a gap that an unknown draw explains', true, [next(1, [0, 1]), maybeNext(2), next(3, [4, 5])]],
  ['a gap of three that a draw of three explains', true, [maybeNext(0, { n: 3 }), next(4, [1, 2])]],
  ['a gap of three that a draw of four does not', false, [maybeNext(0, { n: 4 }), next(4, [1, 2])]],
  ['a gap, and the unknown draw came later', false, [next(2, [0, 1]), maybeNext(2)]],
  ['numbers in another order than time', false, [next(2, [0, 1]), next(1, [2, 3])]],
  ['numbers in another order, concurrently', true, [next(2, [0, 2]), next(1, [2, 3])]],
  [
    'the read of the next number',
    true,
    [next(1, [0, 1], { n: 10 }), sequence('get', {}, { next: 11 }, [2, 3])],
  ],
  ['a stale read of the next number', false, [next(1, [0, 1]), sequence('get', {}, { next: 1 }, [2, 3])]],
  ['a range that reaches into another', false, [next(1, [0, 9], { n: 3 }), next(3, [0, 9])]],
  ['one request, two numbers', false, [next(1, [0, 1], { req_id: 'q' }), next(2, [2, 3], { req_id: 'q' })]],
  [
    'one request, answered twice',
    true,
    [next(1, [0, 1], { req_id: 'q' }), next(2, [2, 3]), next(1, [4, 5], { req_id: 'q' })],
  ],
  [
    'a reserved number comes back',
    true,
    [
      sequence('reserve', {}, { value: 1 }, [0, 1]),
      sequence('rollback', { value: 1 }, yes, [2, 3]),
      sequence('reserve', {}, { value: 1 }, [4, 5]),
      sequence('confirm', { value: 1 }, yes, [6, 7]),
      sequence('reserve', {}, { value: 2 }, [8, 9]),
    ],
  ],
  [
    'a confirmed number comes back',
    false,
    [
      sequence('reserve', {}, { value: 1 }, [0, 1]),
      sequence('confirm', { value: 1 }, yes, [2, 3]),
      sequence('reserve', {}, { value: 1 }, [4, 5]),
    ],
  ],
  [
    'a number reserved twice at once',
    false,
    [sequence('reserve', {}, { value: 1 }, [0, 1]), sequence('reserve', {}, { value: 1 }, [2, 3])],
  ],
  [
    'a number that came back after its time',
    true,
    [
      sequence('reserve', { ttl_ms: 1 }, { value: 1 }, [0, 1]),
      sequence('reserve', {}, { value: 1 }, [2, 1000]),
      sequence('confirm', { value: 1 }, yes, [1001, 1002]),
    ],
  ],
  ['a sequence that was raised', true, [sequence('raise', { next: 100 }, yes, [0, 1]), next(100, [2, 3])]],

  ['the last unit twice', false, [resize(1, [0, 1]), checkout('l1', [2, 9]), checkout('l2', [3, 8])]],
  ['refused though it fits', false, [resize(2, [0, 1]), checkout('l1', [2, 3]), checkout(undefined, [4, 5])]],
  [
    'three units do not fit into two',
    true,
    [
      resize(5, [0, 1]),
      checkout('l1', [2, 3], { n: 3 }),
      checkout(undefined, [4, 5], { n: 3 }),
      checkout('l2', [6, 7], { n: 2 }),
    ],
  ],
  ['one lease given twice', false, [resize(5, [0, 1]), checkout('l1', [2, 3]), checkout('l1', [4, 5])]],
  [
    'one lease given twice to one request',
    true,
    [resize(1, [0, 1]), checkout('l1', [2, 3], { req_id: 'q' }), checkout('l1', [4, 5], { req_id: 'q' })],
  ],
  [
    'returned twice',
    false,
    [resize(5, [0, 1]), checkout('l1', [2, 3]), checkin('l1', yes, [4, 5]), checkin('l1', yes, [6, 7])],
  ],
  [
    'returned twice, and the second time refused',
    true,
    [resize(5, [0, 1]), checkout('l1', [2, 3]), checkin('l1', yes, [4, 5]), checkin('l1', no, [6, 7])],
  ],
  [
    'a lease that ended can be given again',
    true,
    [
      resize(1, [0, 1]),
      checkout('l1', [2, 3], { ttl_ms: 1 }),
      checkout('l2', [4, 1002]),
      checkin('l1', no, [1003, 1004]),
    ],
  ],
  [
    'given again before its end',
    false,
    [resize(1, [0, 1]), checkout('l1', [2, 3], { ttl_ms: 1 }), checkout('l2', [4, 1001])],
  ],
  [
    'given again before the end of its renewal',
    false,
    [
      resize(1, [0, 1]),
      checkout('l1', [2, 3], { ttl_ms: 1 }),
      pool('renew', { lease: 'l1' }, yes, [500, 501]),
      checkout('l2', [600, 1499]),
    ],
  ],
  [
    'given again, and then returned all the same',
    false,
    [
      resize(1, [0, 1]),
      checkout('l1', [2, 3], { ttl_ms: 1 }),
      checkout('l2', [4, 1100]),
      checkin('l1', yes, [1200, 1201]),
    ],
  ],
  [
    'made smaller than what is in use',
    true,
    [
      resize(2, [0, 1]),
      checkout('l1', [2, 3], { n: 2 }),
      resize(1, [4, 5]),
      pool('get', {}, { used: 2, cap: 1 }, [6, 7]),
      checkout(undefined, [8, 9]),
      checkin('l1', yes, [10, 11]),
      checkout('l2', [12, 13]),
    ],
  ],
  [
    'an unknown checkout that only fits before the pool was made smaller',
    true,
    [
      resize(2, [0, 1]),
      resize(1, [2, 5]),
      unknown('pool.checkout', { pool: 'p', n: 2 }, 3),
      pool('get', {}, { used: 2, cap: 1 }, [6, 8]),
    ],
  ],
  [
    'a capacity that nobody set but somebody saw',
    true,
    [
      checkout('l1', [0, 1]),
      checkout(undefined, [2, 3], { n: 5 }),
      pool('get', {}, { used: 1, cap: 5 }, [4, 5]),
    ],
  ],
  [
    'refused below a capacity that somebody sees later',
    false,
    [
      checkout('l1', [0, 1]),
      checkout(undefined, [2, 3], { n: 4 }),
      pool('get', {}, { used: 1, cap: 5 }, [4, 5]),
    ],
  ],
  [
    'refused and granted without any capacity that explains both',
    false,
    [checkout(undefined, [0, 1], { n: 2 }), checkout('l1', [2, 3], { n: 3 })],
  ],
  [
    'more units than any search could try as a capacity',
    true,
    [checkout('l1', [0, 1], { n: 5_000_000 }), checkout('l2', [2, 3], { n: 1 })],
  ],
  [
    'refused below what was out before',
    false,
    [
      checkout('l1', [0, 1], { n: 4000 }),
      checkin('l1', yes, [2, 3]),
      checkout('l2', [4, 5], { n: 1000 }),
      checkout(undefined, [6, 7], { n: 1000 }),
    ],
  ],
  [
    'a lease of an unknown checkout that was missed under its name',
    false,
    [
      resize(2, [0, 1]),
      unknown('pool.checkout', { pool: 'p', n: 2 }, 2),
      pool('get', {}, { used: 2, cap: 2 }, [3, 4]),
      pool('renew', { lease: 'l1' }, no, [5, 6]),
      pool('renew', { lease: 'l1' }, yes, [7, 8]),
    ],
  ],
  [
    'a lease of an unknown checkout that was missed before it was given',
    true,
    [
      resize(2, [0, 1]),
      pool('renew', { lease: 'l1' }, no, [2, 8]),
      unknown('pool.checkout', { pool: 'p', n: 2 }, 2),
      pool('get', {}, { used: 2, cap: 2 }, [3, 9]),
      pool('renew', { lease: 'l1' }, yes, [10, 11]),
    ],
  ],
  [
    'an unknown checkout that took the last unit',
    true,
    [resize(1, [0, 1]), unknown('pool.checkout', { pool: 'p' }, 2), checkout(undefined, [3, 4])],
  ],
  [
    'an unknown checkin that gave it back',
    true,
    [
      resize(1, [0, 1]),
      checkout('l1', [2, 3]),
      unknown('pool.checkin', { pool: 'p', lease: 'l1' }, 4),
      checkout('l2', [5, 6]),
    ],
  ],
  [
    'a stale count',
    false,
    [resize(1, [0, 1]), checkout('l1', [2, 3]), pool('get', {}, { used: 0, cap: 1 }, [4, 5])],
  ],
  [
    'a short lease that must come and go before another',
    true,
    [resize(1, [0, 1]), checkout('l1', [2, 1100], { ttl_ms: 0.01 }), checkout('l2', [2, 100])],
  ],

  [
    'a register reads what was written',
    true,
    [register('write', { value: 1 }, yes, [0, 1]), register('read', {}, { value: 1 }, [2, 3])],
  ],
  ['an empty register', true, [register('read', {}, { value: null }, [2, 3])]],
  [
    'a stale register',
    false,
    [register('write', { value: 1 }, yes, [0, 1]), register('read', {}, { value: null }, [2, 3])],
  ],
  [
    'compare-and-set against the value',
    false,
    [register('write', { value: 1 }, yes, [0, 1]), register('cas', { from: 2, to: 3 }, yes, [2, 3])],
  ],
  [
    'compare-and-set that should have been done',
    false,
    [register('write', { value: 1 }, yes, [0, 1]), register('cas', { from: 1, to: 3 }, no, [2, 3])],
  ],
  [
    'two unknown ones in a row',
    true,
    [
      unknown('register.cas', { from: 1, to: 2 }, 0),
      unknown('register.write', { value: 1 }, 0),
      register('read', {}, { value: 2 }, [2, 3]),
    ],
  ],
]

await t.test('each rule is kept and its breach is seen', async (t) => {
  for (const [name, isPossible, operations] of cases) {
    const { verdict } = checkHistory(operations)
    t.equal(verdict, isPossible ? 'ok' : 'violation', name)
    t.equal(checkHistory([...operations].reverse()).verdict, verdict, `${name}, in any order of lines`)
  }
})

await t.test('a pool whose capacity nobody tells is decided in a history of any length', (t) => {
  const rounds = 5000
  const operations = Array.from({ length: rounds }, (_, round) => [
    checkout(`l${round}`, [10 * round, 10 * round + 7]),
    checkin(`l${round}`, yes, [10 * round + 8, 10 * round + 15]),
  ]).flat()
  t.equal(checkHistory(operations).verdict, 'ok')
  const doubled = checkin('l17', yes, [10 * rounds + 20, 10 * rounds + 21])
  t.equal(checkHistory([...operations, doubled]).verdict, 'violation')
  t.end()
})
