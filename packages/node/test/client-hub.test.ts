import t from 'tap'
import { limits } from '../src/limits.ts'
import { answers, hi, hub, request } from './hub-kit.ts'

t.test('answers leave at the end of a turn, or as soon as enough connections have one', async (t) => {
  const { clock, transport, hub: one } = await hub()
  const streams = Array.from({ length: limits.unsentConnectionsMax + 1 }, () => transport.connect())
  const ask = (at: number) => streams[at]!.onData!(request('hello', { hi }))
  const written = () => streams.filter((stream) => stream.written.length > 0).length

  for (let at = 0; at < limits.unsentConnectionsMax - 1; at++) ask(at)
  t.equal(written(), 0)
  ask(limits.unsentConnectionsMax - 1)
  t.equal(written(), limits.unsentConnectionsMax, 'they can be read while others are answered')
  ask(limits.unsentConnectionsMax)
  t.equal(written(), limits.unsentConnectionsMax)
  clock.endTurn()
  t.equal(written(), limits.unsentConnectionsMax + 1)
  for (const stream of streams) {
    t.equal(stream.written.length, 1)
    t.match(answers(stream, 'hello'), [{ kind: 'ok', id: 7 }])
  }
  await one.close()
})

t.test('many answers of one turn to one connection are one write', async (t) => {
  const { clock, transport, hub: one } = await hub()
  const stream = transport.connect()
  stream.onData!(request('hello', { hi }))
  for (let id = 8; id < 8 + 3 * limits.unsentConnectionsMax; id++) stream.onData!(request('health', {}, id))
  t.equal(stream.written.length, 0)
  clock.endTurn()
  t.equal(stream.written.length, 1)
  await one.close()
})
