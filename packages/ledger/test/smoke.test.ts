import t from 'tap'
import { Ledger } from '../src/index.ts'

await t.test('a first lock', async (t) => {
  const ledger = new Ledger({ sink: { answer: () => {}, event: () => {} } })
  ledger.begin({ index: 1, term: 1, timeMs: 0, wallMs: 1_795_262_400_000 })
  const opened = ledger.apply({
    session: 0,
    generation: 0,
    id: 1,
    acks: [],
    operation: {
      op: 'session.open',
      key: new Uint8Array(16),
      namespace: 'erp',
      client: 'appserver-1',
      installation: 'production',
      ttlMs: 30_000,
      lockDelayMs: 0,
      codesMax: 20,
    },
  })
  t.equal(opened?.ok, true)
  const result = ledger.apply({
    session: 1,
    generation: 1,
    id: 1,
    acks: [],
    operation: {
      op: 'lock.acquire',
      owner: 'u1',
      locks: [{ name: 'SA1', mode: 'exclusive' }],
      waitMs: 0,
      priority: 0,
    },
  })
  t.same(result, { ok: true, value: { token: 1, counts: [1] } })
  ledger.checkInvariants()
  const copy = Ledger.restore(ledger.rows(), { sink: { answer: () => {}, event: () => {} } })
  t.same([...copy.rows()], [...ledger.rows()])
})
