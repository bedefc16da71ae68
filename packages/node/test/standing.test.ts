import t from 'tap'
import type { Electorate } from '../src/members/electorate.ts'
import type { OwnState, Verdict } from '../src/members/roll-call.ts'
import { OwnStanding } from '../src/members/standing.ts'
import type { Welcome } from '../src/peers/greeting.ts'
import { VirtualClock } from './virtual-clock.ts'

function standing(own: Partial<OwnState>) {
  const verdicts: Verdict['kind'][] = []
  const clock = new VirtualClock()
  const each = new OwnStanding({
    self: 1,
    own: { standing: 'member', starts: 4, run: 'run-1', lastIndex: 50, ...own },
    electorates: [{ index: 40, voters: [1, 2, 3] }],
    clock,
    graceMs: 100,
    decide: (verdict) => verdicts.push(verdict.kind),
  })
  each.begin()
  return { standing: each, verdicts, clock }
}

/** What member `id` says of itself, and remembers of the node that it greets. */
function welcome(
  id: number,
  memory: Partial<Welcome['memory']> = {},
  of: OwnState['standing'] = 'member',
  electorate?: Electorate,
) {
  return {
    self: { id, name: `node${id}`, standing: of, run: `run-${id}`, electorate },
    memory: { starts: 4, run: 'run-1', lastIndex: 50, founders: [], ...memory },
  } as unknown as Welcome
}

await t.test('a member votes once a quorum of members knows nothing against it', async (t) => {
  const { standing: own, verdicts } = standing({})
  t.equal(own.mayVote, false, 'nobody was heard')
  own.onWelcome(welcome(2, {}, 'new'))
  t.equal(own.mayVote, false, 'an empty node vouches for nobody')
  own.onWelcome(welcome(3))
  t.equal(own.mayVote, true)
  t.strictSame(verdicts, ['vouched'])
})

await t.test(
  'once a quorum has vouched, a member waits a moment for the others, who may know more',
  async (t) => {
    const { standing: own, verdicts, clock } = standing({})
    own.onWelcome(welcome(3))
    t.equal(own.mayVote, false)
    clock.advance(99)
    t.equal(own.mayVote, false)
    clock.advance(1)
    t.equal(own.mayVote, true, 'but not for ever')
    t.strictSame(verdicts, ['vouched'])

    const other = standing({})
    other.standing.onWelcome(welcome(3))
    other.standing.onWelcome(welcome(2, { run: 'another' }))
    other.clock.advance(100)
    t.strictSame(other.verdicts, ['join'], 'an older copy, as one of two knows')
    t.equal(other.standing.mayVote, false)
  },
)

await t.test('one that is heard in that moment may say that others count now', async (t) => {
  const { standing: own, verdicts, clock } = standing({})
  own.onWelcome(welcome(3))
  clock.advance(50)
  own.onWelcome(welcome(9, {}, 'member', { index: 60, voters: [1, 4, 5] }))
  clock.advance(50)
  t.strictSame(verdicts, [], 'nobody whose word counts was heard')
  own.onWelcome(welcome(4))
  clock.advance(100)
  t.strictSame(verdicts, ['vouched'])
  t.equal(own.mayVote, true)
})

await t.test('a node that joins goes by a number of starts that nobody has counted yet', async (t) => {
  const { standing: own, verdicts } = standing({ standing: 'joining' })
  t.strictSame(verdicts, ['vouched'])
  own.onWelcome(welcome(2, { starts: 4, run: 'run-1' }))
  t.equal(own.starts, 4, 'this very run')
  own.onWelcome(welcome(3, { starts: 6, run: 'of a lost disk' }))
  t.equal(own.starts, 7)
  own.onWelcome(welcome(2, { starts: 5, run: 'of a lost disk' }))
  t.equal(own.starts, 7)
  t.equal(own.promoted(6), false, 'meant for what the disk was lost with')
  t.equal(own.promoted(7), true)
})

await t.test('a node that joins anew has no vote until the promotion of this very start', async (t) => {
  const { standing: own, verdicts } = standing({})
  own.onWelcome(welcome(2, { lastIndex: 51 }))
  t.strictSame(verdicts, ['join'], 'its log ends before what the other remembers')
  t.equal(own.starts, 5)
  t.equal(own.mayVote, false)
  t.match(own.complaint, /entries were lost/)
  t.equal(own.promoted(undefined), false)
  t.equal(own.promoted(4), false, 'meant for an earlier start')
  t.equal(own.mayVote, false)
  t.equal(own.promoted(5), true)
  t.equal(own.mayVote, true)
})

await t.test('an empty node founds only together with all', async (t) => {
  const { standing: own, verdicts } = standing({ standing: 'new', starts: 0, lastIndex: 0 })
  own.onWelcome(welcome(2, { starts: 0, run: '', lastIndex: 0 }, 'new'))
  t.strictSame(verdicts, [], 'two of three founders are not all')
  own.onWelcome(welcome(3, { starts: 0, run: '', lastIndex: 0 }, 'new'))
  t.strictSame(verdicts, ['found'])
  t.equal(own.mayVote, true)
})
