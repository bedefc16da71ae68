import t from 'tap'
import { type SearchOptions, search } from './explorer/search.ts'
import { disk, type World } from './explorer/world.ts'
import { worlds } from './explorer/worlds.ts'

function world(name: string): World {
  return worlds.find((each) => each.name === name)!
}

/** The walk of a world with a smaller budget. */
function walk(name: string, budget: World['budget'], options?: SearchOptions) {
  return search({ ...world(name), budget, reaches: [] }, options)
}

await t.test('every world begins well', async (t) => {
  for (const each of worlds) {
    const { violation, states } = search(each, { statesMax: 300 })
    t.equal(violation, undefined, each.name)
    t.ok(states >= 100, `${each.name} has ${states} states`)
  }
})

await t.test('small budgets are walked to the end', async (t) => {
  for (const [name, budget] of [
    ['heartbeat', { campaign: 1 }],
    ['replication', { propose: 1, campaign: 1 }],
    ['reads', { read: 1, campaign: 1 }],
    ['transfer', { transfer: 1 }],
    ['snapshot', { campaign: 1, compact: 1 }],
  ] as const) {
    const { violation, complete } = walk(name, budget)
    t.equal(violation, undefined, name)
    t.ok(complete, `${name} has an end`)
  }
})

await t.test('a disk that forgets the vote lets two lead one term', async (t) => {
  const forgetful: SearchOptions = {
    spoil: (durable) => ({ ...durable, hardState: { ...durable.hardState, vote: 0 } }),
  }
  const { violation } = walk('election', { campaign: 2, crash: 1 }, forgetful)
  t.match(violation?.truth, /term 1 has the leaders|leads term 1 without a quorum/)
  t.equal(
    violation?.trace.filter((line) => line.endsWith('crashes and starts again')).length,
    1,
    'told in the shortest way',
  )
})

await t.test('a disk that forgets an entry loses what was committed', async (t) => {
  const forgetful: SearchOptions = {
    spoil: (durable) => ({
      ...durable,
      hardState: { ...durable.hardState, commit: 0 },
      entries: durable.entries.slice(0, -1),
    }),
  }
  const { violation } = walk('restart', { campaign: 1, crash: 2 }, forgetful)
  t.match(violation?.truth, /leads term 2 without|not on the disks of a quorum|before that was/)
})

await t.test('a goal that no history comes to is named', async (t) => {
  const nobody = { name: 'nobody leads for ever', reached: () => false }
  const { unreached, complete } = search({
    ...world('election'),
    budget: { campaign: 1 },
    disks: [disk(1), disk(1), disk(1)],
    reaches: [nobody],
  })
  t.ok(complete)
  t.strictSame(unreached, [nobody])
})
