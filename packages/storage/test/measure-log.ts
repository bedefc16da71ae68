// Not a test: prints what an append costs on this machine. `node dist/test/measure-log.js [folder]`
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EntryTail } from '../src/entry-tail.ts'
import { resolveLimits } from '../src/limits.ts'
import { nodeDisk } from '../src/node-disk.ts'
import { RaftLog } from '../src/raft-log.ts'
import type { Entry } from '../src/types.ts'
import { segmentName } from '../src/wal/segment-header.ts'

const directory = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'log-'))
const disk = nodeDisk(directory)
const limits = resolveLimits({ segmentSize: 64 * 1024 * 1024 })
await disk.makeDirectory('log')
await disk.preallocate(`log/${segmentName(1)}`, limits.segmentSize)
const state = {
  tail: new EntryTail(),
  hardState: { term: 0, vote: 0, commit: 0 },
  segments: [{ segment: 1, size: limits.segmentSize, base: { index: 0, term: 0 } }],
  record: 0,
  chain: 0,
  position: 0,
  dirty: false,
  leftovers: [],
}
const none = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }
const log = new RaftLog({ disk, directory: 'log', owner: 1, limits, state, witness: async () => {} }, none)
await log.open()
const data = Buffer.alloc(256, 7)
let index = 0
const entry = (): Entry => ({ index: ++index, term: 1, type: 'normal', data })
await new Promise((done) => setTimeout(done, 1000))

const times: number[] = []
for (let i = 0; i < 3000; i++) {
  const begin = process.hrtime.bigint()
  await log.append({ entries: [entry()] })
  times.push(Number(process.hrtime.bigint() - begin) / 1000)
}
times.sort((a, b) => a - b)
console.log(`one entry of 256 bytes: p50 ${times[1500]!.toFixed(0)} us, p99 ${times[2970]!.toFixed(0)} us`)

for (const group of [16, 256]) {
  const cpu = process.cpuUsage()
  const begin = process.hrtime.bigint()
  const rounds = 100_000 / group
  for (let i = 0; i < rounds; i++) {
    const entries: Entry[] = []
    for (let k = 0; k < group; k++) entries.push(entry())
    await log.append({ entries })
    if (i % 50 === 0) await log.compact(index)
  }
  const used = process.cpuUsage(cpu)
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9
  const count = Math.ceil(rounds) * group
  console.log(
    `groups of ${group}: ${(count / seconds / 1000).toFixed(0)} thousand entries a second, ` +
      `${((used.user + used.system) / count).toFixed(2)} us of processor an entry (user ${(used.user / count).toFixed(2)})`,
  )
}
await log.close()
await rm(directory, { recursive: true })
