// Not a test: prints what checkpoints, starts and snapshots cost. `node dist/test/measure-ledger.js [rows]`
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { openNodeStorage } from '../src/open-node-storage.ts'
import { confState, entriesOf, withFolder } from './kit.ts'

const count = Number(process.argv[2] ?? 100_000)

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const begin = process.hrtime.bigint()
  const cpu = process.cpuUsage()
  const result = await work()
  const ms = Number(process.hrtime.bigint() - begin) / 1e6
  delay.disable()
  const { user, system } = process.cpuUsage(cpu)
  const stall = (delay.max / 1e6).toFixed(0)
  console.log(
    `${what}: ${ms.toFixed(0)} ms, ${((user + system) / count).toFixed(1)} us of processor a row, longest stall ${stall} ms`,
  )
  return result
}

await withFolder(async (folder) => {
  const open = (name: string) =>
    openNodeStorage({ directory: join(folder, name), clusterId: 'erp', nodeId: name })
  const storage = await open('1')
  await storage.log.append({ entries: entriesOf(1, 3, 1) })
  const changes = Array.from({ length: count }, (_, i) => ({
    key: `l/erp\0order-${i}`,
    value: { holder: i % 1000, fence: i, since: 1_700_000_000_000 + i },
  }))
  const prepared = await timed('prepare', () =>
    storage.prepareCheckpoint(changes, { index: 1, term: 1, confState }),
  )
  await timed('write', () => prepared.write())
  const other = await open('2')
  await timed('snapshot', async () => {
    const outgoing = await storage.openSnapshot()
    const incoming = await other.receiveSnapshot(outgoing.meta)
    for await (const chunk of outgoing.chunks()) await incoming.write(chunk)
    await outgoing.close()
    await incoming.finish({ onRow: () => {} })
  })
  await other.close()
  await storage.close()
  await timed('start', async () => (await open('1')).close())
})
