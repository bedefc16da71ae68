import t from 'tap'
import { WatchHub } from '../src/clients/watch-hub.ts'

const event = (revision: number, name = 'a', kind = 'lock.granted', namespace = 'p') => ({
  revision,
  kind,
  namespace,
  name,
})

t.test('O23: a watch resumes after its revision without a miss', async (t) => {
  const hub = new WatchHub(0, 8)
  for (let revision = 1; revision <= 5; revision++) hub.publish(event(revision))
  const seen: number[] = []
  const started = hub.start({ namespace: 'p', prefix: '' }, 2, (one) => seen.push(one.revision))
  t.ok(started.ok)
  hub.publish(event(6))
  t.same(seen, [3, 4, 5, 6])
  if (started.ok) started.stop()
  hub.publish(event(7))
  t.same(seen, [3, 4, 5, 6])
  t.equal(hub.watchCount, 0)
})

t.test('O23: a watch that cannot resume is told the oldest revision that is left', async (t) => {
  const hub = new WatchHub(10, 4)
  t.same(
    hub.start({ namespace: 'p', prefix: '' }, 9, () => {}),
    { ok: false, oldest: 11 },
  )
  t.ok(hub.start({ namespace: 'p', prefix: '' }, 10, () => {}).ok, 'right behind the beginning')
  for (let revision = 11; revision <= 20; revision++) hub.publish(event(revision))
  t.same(
    hub.start({ namespace: 'p', prefix: '' }, 15, () => {}),
    { ok: false, oldest: 17 },
  )
  const seen: number[] = []
  t.ok(hub.start({ namespace: 'p', prefix: '' }, 16, (one) => seen.push(one.revision)).ok)
  t.same(seen, [17, 18, 19, 20])
  hub.reset(50)
  t.same(
    hub.start({ namespace: 'p', prefix: '' }, 20, () => {}),
    { ok: false, oldest: 51 },
  )
})

t.test('a watch sees its namespace, prefix and kinds only', async (t) => {
  const hub = new WatchHub(0, 8)
  const seen: number[] = []
  hub.start({ namespace: 'p', prefix: 'SA', kinds: ['lock.granted'] }, undefined, (one) =>
    seen.push(one.revision),
  )
  hub.publish(event(1, 'SA1'))
  hub.publish(event(2, 'SB1'))
  hub.publish(event(3, 'SA1', 'lock.released'))
  hub.publish(event(4, 'SA2', 'lock.granted', 'q'))
  t.same(seen, [1])
})
