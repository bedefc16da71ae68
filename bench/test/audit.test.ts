import t from 'tap'
import { audit, type Evidence } from '../src/audit/audit.ts'
import { auditContinuity } from '../src/audit/continuity.ts'
import type { Rule } from '../src/audit/finding.ts'
import type { GapRecord } from '../src/audit/state.ts'
import {
  clusterState,
  endOf,
  fastSpec,
  issued,
  lockOf,
  nextOf,
  reserved,
  reserveOf,
  Story,
  scope,
  sequenceState,
  unlockOf,
} from './sample.ts'

const gap: GapRecord = {
  from: '0002',
  to: '0003',
  count: 2,
  kind: 'declared',
  reason: 'printer failure, numbers not used',
  session: 1,
  client: 'app-01',
  owner: 'fiscal',
  wallMs: 1,
}

/** The rules that an audit finds broken, with the first message of each. */
function broken(evidence: Partial<Evidence> & Pick<Evidence, 'history'>): Partial<Record<Rule, string>> {
  const report = audit({ before: clusterState(), after: clusterState(), ...evidence })
  const found: Partial<Record<Rule, string>> = {}
  for (const { rule, findings } of report.verdicts)
    if (findings[0] !== undefined) found[rule] = findings[0].message
  t.equal(report.ok, Object.keys(found).length === 0)
  return found
}

function onlyBroken(
  evidence: Partial<Evidence> & Pick<Evidence, 'history'>,
  rule: Rule,
  message: RegExp,
): void {
  const found = broken(evidence)
  t.strictSame(Object.keys(found), [rule])
  t.match(found[rule], message)
}

const sc5 = (fields: Parameters<typeof sequenceState>[0]) =>
  clusterState({ sequences: [sequenceState(fields)] })
const se5 = (fields: Parameters<typeof sequenceState>[0]) =>
  clusterState({ sequences: [sequenceState({ name: 'SE5', spec: fastSpec, ...fields })] })

await t.test('locks', async (t) => {
  await t.test('a lock that passes from one user to the next holds', async () => {
    const story = new Story()
    const [a, b] = [story.client('app-01'), story.client('app-02')]
    story.ok(a, [0, 1], lockOf('u1', 'job'), { token: 1, counts: [1] })
    story.ok(a, [5, 7], unlockOf('u1', 'job'), { counts: [0] })
    story.ok(b, [4, 6], lockOf('u2', 'job'), { token: 2, counts: [1] })
    t.strictSame(broken({ history: story }), {})
  })

  await t.test('two exclusive holders at the same time are found', async () => {
    const story = new Story()
    const [a, b] = [story.client('app-01'), story.client('app-02')]
    story.ok(a, [0, 1], lockOf('u1', 'job'), { token: 1, counts: [1] })
    story.ok(b, [1, 2], lockOf('u2', 'job'), { token: 2, counts: [1] })
    story.ok(a, [5, 6], unlockOf('u1', 'job'), { counts: [0] })
    onlyBroken(
      { history: story },
      'lockTwice',
      /job: held by app-01 .* u1 .*app-02 .* u2 .*at least 3\.000 ms/,
    )
  })

  await t.test('shared holders may be many, but not beside an exclusive one', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], lockOf('u1', 'stock', 'shared'), { token: 1, counts: [1] })
    story.ok(a, [2, 3], lockOf('u2', 'stock', 'shared'), { token: 2, counts: [1] })
    t.strictSame(broken({ history: story }), {})
    story.ok(a, [4, 5], lockOf('u3', 'stock'), { token: 3, counts: [1] })
    t.match(broken({ history: story }).lockTwice, /stock: .*shared.*exclusive/)
  })

  await t.test('what a dead process held is free from its end on, and not before', async () => {
    const story = new Story()
    const [a, b] = [story.client('app-01'), story.client('app-02')]
    story.ok(a, [0, 1], lockOf('u1', 'job'), { token: 1, counts: [1] })
    story.end(a, 10, 'cut')
    const early = story.ok(b, [8, 9], lockOf('u2', 'job'), { token: 2, counts: [1] })
    t.match(broken({ history: story }).lockTwice, /job/)
    early.returnMs = 11
    t.strictSame(broken({ history: story }), {})
  })

  await t.test('a lock counts as held until the last of its re-entrances is released', async () => {
    const story = new Story()
    const [a, b] = [story.client('app-01'), story.client('app-02')]
    story.ok(a, [0, 1], lockOf('u1', 'job'), { token: 1, counts: [1] })
    story.ok(a, [2, 3], lockOf('u1', 'job'), { token: 1, counts: [2] })
    story.ok(a, [4, 5], unlockOf('u1', 'job'), { counts: [1] })
    story.ok(b, [6, 7], lockOf('u2', 'job'), { token: 2, counts: [1] })
    story.ok(a, [8, 9], unlockOf('u1', 'job'), { counts: [0] })
    onlyBroken({ history: story }, 'lockTwice', /job/)
  })

  await t.test('a token that does not grow, or is given twice, is found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], lockOf('u1', 'one'), { token: 5, counts: [1] })
    story.ok(a, [2, 3], lockOf('u2', 'two'), { token: 4, counts: [1] })
    onlyBroken({ history: story }, 'tokensGrow', /token 4 .*u2 after .*u1 had token 5/)
    const other = new Story()
    const b = other.client('app-01')
    other.ok(b, [0, 2], lockOf('u1', 'one'), { token: 5, counts: [1] })
    other.ok(b, [1, 3], lockOf('u2', 'two'), { token: 5, counts: [1] })
    onlyBroken({ history: other }, 'tokensGrow', /token 5 was given to .*u1 and to .*u2/)
  })

  await t.test('a code that two users have is found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], { op: 'code.reserve', owner: 'u1', code: 'SA1/1' }, { reserved: true })
    story.ok(a, [2, 3], { op: 'code.reserve', owner: 'u2', code: 'SA1/1' }, { reserved: true })
    story.ok(a, [4, 5], { op: 'code.release', owner: 'u1', code: 'SA1/1' }, { released: true })
    onlyBroken({ history: story }, 'codeTwice', /code SA1\/1/)
  })
})

await t.test('gapless numbers', async (t) => {
  await t.test(
    'confirmed, returned, reissued, reserved and declared numbers are all in their place',
    async () => {
      const story = new Story()
      const a = story.client('app-01')
      story.ok(a, [0, 1], reserveOf('u1'), reserved('0001'))
      story.ok(a, [2, 3], endOf('sequence.confirm', 'u1', '0001'), { value: '0001' })
      story.ok(a, [4, 5], reserveOf('u1'), reserved('0002'))
      story.ok(a, [6, 7], endOf('sequence.rollback', 'u1', '0002'), { value: '0002' })
      story.ok(a, [8, 9], reserveOf('u2'), reserved('0002', true))
      story.ok(a, [8, 9], reserveOf('u3'), reserved('0003'))
      story.ok(a, [10, 11], { op: 'owner.release', owner: 'u2' }, { released: 1 })
      story.ok(a, [12, 13], reserveOf('u4'), reserved('0002', true))
      story.ok(a, [14, 15], { op: 'owner.release', owner: 'u3' }, { released: 1 })
      const after = sc5({
        last: '0007',
        free: ['0003'],
        reserved: [{ value: '0002', session: 1, owner: 'u4' }],
        gaps: [{ ...gap, from: '0004', to: '0007', count: 4, kind: 'jump', reason: 'import' }],
      })
      t.strictSame(broken({ history: story, after }), {})
    },
  )

  await t.test('a number that was confirmed and issued again is found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], reserveOf('u1'), reserved('0001'))
    story.ok(a, [2, 3], endOf('sequence.confirm', 'u1', '0001'), { value: '0001' })
    story.ok(a, [4, 5], reserveOf('u2'), reserved('0001', true))
    const after = sc5({ last: '0001', reserved: [] })
    onlyBroken({ history: story, after }, 'numberTwice', /0001 .*confirmed by .*u1, and issued to .*u2/)
  })

  await t.test('a number that two users have at the same time is found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], reserveOf('u1'), reserved('0001'))
    story.ok(a, [0, 2], reserveOf('u2'), reserved('0001'))
    story.ok(a, [5, 6], endOf('sequence.rollback', 'u1', '0001'), { value: '0001' })
    story.ok(a, [7, 8], endOf('sequence.rollback', 'u2', '0001'), { value: '0001' })
    onlyBroken(
      { history: story, after: sc5({ last: '0001', free: ['0001'] }) },
      'numberTwice',
      /at the same time/,
    )
  })

  await t.test(
    'a number of an earlier run that is issued again is found, unless it was open then',
    async () => {
      const story = new Story()
      const a = story.client('app-01')
      story.ok(a, [0, 1], reserveOf('u1'), reserved('0003', true))
      story.ok(a, [2, 3], endOf('sequence.confirm', 'u1', '0003'), { value: '0003' })
      const after = sc5({ last: '0009' })
      t.strictSame(broken({ history: story, before: sc5({ last: '0009', free: ['0003'] }), after }), {})
      onlyBroken(
        { history: story, before: sc5({ last: '0009' }), after },
        'numberTwice',
        /settled before this run/,
      )
    },
  )

  await t.test('a number that is in no place is found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], reserveOf('u1'), reserved('0001'))
    story.ok(a, [2, 3], endOf('sequence.confirm', 'u1', '0001'), { value: '0001' })
    onlyBroken(
      { history: story, after: sc5({ last: '0002' }) },
      'gapExplained',
      /0002 .*neither confirmed, reserved, free nor in the gap ledger, and never seen/,
    )
  })

  await t.test('a number in two places is found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], reserveOf('u1'), reserved('0001'))
    story.ok(a, [2, 3], endOf('sequence.confirm', 'u1', '0001'), { value: '0001' })
    onlyBroken(
      { history: story, after: sc5({ last: '0001', free: ['0001'] }) },
      'numberTwice',
      /both confirmed and free/,
    )
  })

  await t.test('a confirmation without an answer leaves both outcomes open', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], reserveOf('u1'), reserved('0001'))
    story.unknown(a, 2, endOf('sequence.confirm', 'u1', '0001'))
    story.end(a, 3, 'cut')
    t.strictSame(broken({ history: story, after: sc5({ last: '0001' }) }), {})
    t.strictSame(broken({ history: story, after: sc5({ last: '0001', free: ['0001'] }) }), {})
  })

  await t.test('a refused confirmation of a number that was surely held is found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], reserveOf('u1'), reserved('0001'))
    story.refused(a, [2, 3], endOf('sequence.confirm', 'u1', '0001'), 'reservationLost')
    onlyBroken(
      { history: story, after: sc5({ last: '0001', free: ['0001'] }) },
      'numberTwice',
      /confirm was refused/,
    )
  })

  await t.test('a gap without a reason, without a name, or counted wrong is found', async () => {
    const history = new Story()
    const before = sc5({ last: '0005' })
    for (const [wrong, message] of [
      [{ reason: ' ' }, /no reason/],
      [{ reason: 'too short' }, /9 characters/],
      [{ owner: '' }, /nobody is named/],
      [{ count: 3 }, /counted as 3, is 2/],
    ] as const) {
      const after = sc5({ last: '0007', gaps: [{ ...gap, from: '0006', to: '0007', ...wrong }] })
      onlyBroken({ history, before, after }, 'gapExplained', message)
    }
  })

  await t.test(
    'a counter that starts after the largest value in use owes nothing for what is below',
    async () => {
      const story = new Story()
      const a = story.client('app-01')
      const request = { ...reserveOf('u1'), seedIfAbsent: '0099' } as ReturnType<typeof reserveOf>
      story.ok(a, [0, 1], request, reserved('0100'))
      story.ok(a, [2, 3], endOf('sequence.confirm', 'u1', '0100'), { value: '0100' })
      t.strictSame(broken({ history: story, after: sc5({ last: '0100' }) }), {})
    },
  )
})

await t.test('fast numbers', async (t) => {
  await t.test('numbers and blocks in order hold', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], nextOf('u1'), issued('0001'))
    story.ok(a, [2, 3], nextOf('u1', 10), issued('0002', '0011'))
    t.strictSame(broken({ history: story, after: se5({ last: '0011' }) }), {})
  })

  await t.test('a number that is in two blocks is found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 2], nextOf('u1', 5), issued('0001', '0005'))
    story.ok(a, [1, 3], nextOf('u2', 5), issued('0005', '0009'))
    onlyBroken({ history: story, after: se5({ last: '0009' }) }, 'numberTwice', /0005 .*u1 and to .*u2/)
  })

  await t.test('a number that went to nobody is found, unless its asker died before the answer', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], nextOf('u1'), issued('0001'))
    story.ok(a, [2, 3], nextOf('u1'), issued('0003'))
    const after = se5({ last: '0003' })
    onlyBroken({ history: story, after }, 'gapExplained', /1 number of SE5.* went to nobody/)
    const b = story.client('app-02')
    story.unknown(b, 1, nextOf('u2'))
    story.end(b, 2, 'cut')
    t.strictSame(broken({ history: story, after }), {})
  })

  await t.test('numbers that go back are found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], nextOf('u1'), issued('0002'))
    story.ok(a, [2, 3], nextOf('u1'), issued('0001'))
    onlyBroken({ history: story, after: se5({ last: '0002' }) }, 'numberTwice', /the numbers went back/)
  })
})

await t.test('answers and sessions', async (t) => {
  await t.test('a call without an answer is found, unless its process was cut off', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.unknown(a, 0, lockOf('u1', 'job'))
    onlyBroken({ history: story }, 'answeredOnce', /lock\.acquire of app-01/)
    story.end(a, 1, 'cut')
    t.strictSame(broken({ history: story }), {})
  })

  await t.test('a session that was lost while its process lived is found', async () => {
    const story = new Story()
    story.end(story.client('app-01'), 1, 'lost')
    onlyBroken({ history: story }, 'sessionKept', /session 1 of app-01/)
  })

  await t.test('what an ended session still holds is found', async () => {
    const story = new Story()
    story.end(story.client('app-01'), 1)
    story.client('app-02')
    const holders = [{ session: 1, owner: 'u1', token: 1 }]
    onlyBroken(
      { history: story, after: clusterState({ locks: [{ name: 'job', holders }] }) },
      'nothingLeft',
      /lock job is still held by session 1 of app-01/,
    )
    onlyBroken({ history: story, after: clusterState({ sessions: [1] }) }, 'nothingLeft', /session 1/)
    t.strictSame(broken({ history: story, after: clusterState({ sessions: [2, 77] }) }), {})
  })

  await t.test('a refusal that nothing explains is found', async () => {
    onlyBroken({ history: new Story(), surprises: ['notHolder'] }, 'noSurprise', /notHolder/)
  })
})

await t.test('kept data', async (t) => {
  const earlier = sc5({ last: '0009', free: ['0004'], gaps: [gap] })

  await t.test('an earlier state that was only built upon holds', async () => {
    const more = { ...gap, from: '0004', to: '0004', count: 1 }
    const later = sc5({ last: '0012', gaps: [gap, more] })
    t.equal(auditContinuity(earlier, later).found, 0)
  })

  await t.test(
    'a counter that went back, a lost record and a number that is open again are found',
    async () => {
      const message = (later: Parameters<typeof auditContinuity>[1]) =>
        auditContinuity(earlier, later).findings[0]?.message
      t.match(message(clusterState()), /was at 0009 and is gone/)
      t.match(message(sc5({ last: '0008', gaps: [gap] })), /was at 0009 and went back to 0008/)
      t.match(message(sc5({ last: '0009' })), /gap 0002\.\.0003 .*its record is gone/)
      t.match(message(sc5({ last: '0009', free: ['0005'], gaps: [gap] })), /0005 .*settled and is open again/)
      const wrong = { ...gap, from: '0007', to: '0007', count: 1 }
      t.match(message(sc5({ last: '0009', gaps: [gap, wrong] })), /0007 .*settled and is in a new gap/)
    },
  )

  await t.test('a run that begins with less than the last one left is found', async () => {
    const history = new Story()
    const before = sc5({ last: '0008', free: ['0004'], gaps: [gap] })
    onlyBroken({ history, before, after: before, earlier }, 'historyKept', /went back/)
    t.equal(scope.company, '01')
  })
})
