import t from 'tap'
import { Digests } from '../src/replica/digests.ts'

await t.test('equal ledgers agree, and different indexes are not compared', async (t) => {
  const digests = new Digests()
  t.match(digests.own(100, 'a'), { kind: 'agree' })
  t.match(digests.other(2, 100, 'a'), { kind: 'agree' })
  t.match(digests.other(3, 200, 'b'), { kind: 'agree' })
})

await t.test('who differs from more members than agree with it is wrong', async (t) => {
  const digests = new Digests()
  digests.own(100, 'mine')
  t.match(digests.other(2, 100, 'theirs'), { kind: 'disagree', index: 100, with: 2 }, 'one against one')
  t.match(digests.other(3, 100, 'theirs'), { kind: 'wrong', index: 100, digest: 'mine', theirs: 'theirs' })
})

await t.test('one member that differs does not make the others wrong', async (t) => {
  const digests = new Digests()
  digests.other(2, 100, 'theirs')
  digests.other(3, 100, 'mine')
  t.match(digests.own(100, 'mine'), { kind: 'disagree', index: 100, with: 2 })
})
