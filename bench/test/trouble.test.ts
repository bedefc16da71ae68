import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import t from 'tap'
import { parseArguments } from '../src/measure/arguments.ts'
import { measureLedgerCost } from '../src/measure/ledger-cost.ts'
import { runBench } from '../src/measure/run.ts'

await t.test('a cluster that is not there is said so, before any row', async (t) => {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  listener.close()
  await once(listener, 'close')
  const run = runBench({
    arguments: parseArguments(['--addresses', `127.0.0.1:${port}`, '--only', 'lock/1', '--seconds', '0.1']),
    command: 'the test',
    home: tmpdir(),
    signal: new AbortController().signal,
    onEvent: () => undefined,
    onRow: () => t.fail('a row was measured'),
  })
  await t.rejects(run, { code: 'UNREACHABLE', message: `no node answered at 127.0.0.1:${port}` })
})

await t.test('a measurement of the ledger ends when the run is interrupted', async (t) => {
  const stop = new AbortController()
  const cost = measureLedgerCost(1_000_000, stop.signal)
  stop.abort()
  await t.rejects(cost, { name: 'AbortError' })
})
