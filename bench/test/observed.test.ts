import t from 'tap'
import { auditOrderOfEffects } from '../src/audit/linearizable.ts'
import { observedOperations } from '../src/record/observed.ts'
import {
  endOf,
  fastSpec,
  issued,
  lockOf,
  nextOf,
  reserved,
  reserveOf,
  Story,
  sequenceState,
  unlockOf,
} from './sample.ts'

const before = [
  sequenceState({ last: '0100', free: ['0007'], reserved: [{ value: '0050', session: 1, owner: 'x' }] }),
]
const after = [sequenceState({ last: '0102' }), sequenceState({ name: 'SE5', spec: fastSpec, last: '0003' })]

/** A day without a fault: two sessions, one of which is cut off. */
function goodStory(): Story {
  const story = new Story()
  const [a, b] = [story.client('app-1'), story.client('app-2')]
  story.ok(a, [0, 1], lockOf('u1', 'customer'), { token: 10, counts: [1] })
  story.ok(a, [2, 3], lockOf('u1', 'customer'), { token: 10, counts: [2] })
  story.refused(b, [2, 3], lockOf('u2', 'customer'), 'held')
  story.ok(a, [4, 5], unlockOf('u1', 'customer'), { counts: [1] })
  story.ok(a, [6, 7], unlockOf('u1', 'customer'), { counts: [0] })
  story.ok(b, [6, 9], lockOf('u2', 'customer', 'shared'), { token: 12, counts: [1] })
  story.ok(a, [8, 9], lockOf('u1', 'customer', 'shared'), { token: 13, counts: [1] })
  // Numbers: one that was free, the next one, and one that comes back when its session is cut off.
  story.ok(a, [10, 11], reserveOf('u1'), reserved('0007', true))
  story.ok(a, [12, 13], endOf('sequence.confirm', 'u1', '0007'), { value: '0007' })
  story.ok(a, [14, 15], reserveOf('u1'), reserved('0101'))
  story.unknown(a, 16, reserveOf('u3'))
  story.ok(b, [14, 17], nextOf('u2', 2), issued('0001', '0002'))
  story.end(a, 20, 'cut')
  story.ok(b, [30, 31], lockOf('u2', 'other'), { token: 20, counts: [1] })
  story.ok(b, [32, 33], reserveOf('u2'), reserved('0101', true))
  story.ok(b, [34, 35], reserveOf('u2'), reserved('0050', true))
  story.ok(b, [36, 37], reserveOf('u2'), reserved('0102', true))
  story.ok(b, [38, 39], nextOf('u2'), issued('0003'))
  return story
}

function findingsOf(history: Story): readonly string[] {
  return auditOrderOfEffects(observedOperations({ history, before, after })).findings.map(
    ({ message }) => message,
  )
}

await t.test('what a correct cluster shows has an order', async (t) => {
  t.same(findingsOf(goodStory()), [])
})

await t.test('what no correct cluster shows is found, with the object and the operations', async (t) => {
  const cases: readonly [string, RegExp, (story: Story) => void][] = [
    [
      'a lock with two holders',
      /^lock customer: /,
      (story) =>
        story.ok(story.client('app-3'), [40, 41], lockOf('u9', 'customer'), { token: 30, counts: [1] }),
    ],
    [
      'a token that went back',
      /^lock other: token 19/,
      (story) => story.ok(story.client('app-3'), [40, 41], lockOf('u9', 'other'), { token: 19, counts: [1] }),
    ],
    [
      'a confirmed number that is issued again',
      /^seq SC5/,
      (story) => story.ok(story.client('app-3'), [40, 41], reserveOf('u9'), reserved('0007', true)),
    ],
    [
      'a number that is skipped, one more than a lost request explains',
      /^seq SC5/,
      (story) => story.ok(story.client('app-3'), [40, 41], reserveOf('u9'), reserved('0105')),
    ],
    [
      'a fast number twice',
      /^seq SE5.*\n?.*number 3|^seq SE5.*twice/,
      (story) => story.ok(story.client('app-3'), [40, 41], nextOf('u9'), issued('0003')),
    ],
  ]
  for (const [name, expected, spoil] of cases) {
    const story = goodStory()
    spoil(story)
    const [finding = ''] = findingsOf(story)
    t.match(finding, expected, name)
  }
})
