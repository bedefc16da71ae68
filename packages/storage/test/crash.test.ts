import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { MemoryDisk } from '../src/memory-disk.ts'
import { openNodeStorage } from '../src/open-node-storage.ts'
import { confState, openOn, powerCycle, randomFrom, withFolder } from './kit.ts'
import { live, makeLeader, Witness } from './scenario.ts'

const seeds = Number(process.env.TRANCA_CRASH_SEEDS ?? 4)

for (const withSnapshot of [false, true]) {
  const what = withSnapshot ? 'with a snapshot installed' : 'without a snapshot'
  await t.test(`a crash after every single storage call loses nothing acknowledged, ${what}`, async (t) => {
    const leader = withSnapshot ? await makeLeader() : undefined
    const dry = new MemoryDisk()
    const whole = await openOn(dry)
    await live(whole, new Witness(), leader)
    await whole.close()
    const calls = dry.mutations
    t.ok(calls > 60, `${calls} calls`)

    const failures: string[] = []
    let crashes = 0
    for (let call = 1; call <= calls; call++) {
      for (let seed = 0; seed < seeds; seed++) {
        // Seed 0: everything that may be lost is lost.
        const random = seed === 0 ? undefined : randomFrom(call * 1000 + seed)
        const disk = new MemoryDisk(random === undefined ? {} : { random })
        const witness = new Witness()
        disk.crashAt = call
        const crashed = await openOn(disk)
          .then(async (storage) => {
            await live(storage, witness, leader)
            await storage.close()
          })
          .then(
            () => false,
            () => true,
          )
        if (crashed) crashes++
        await settled()
        powerCycle(disk)
        try {
          const again = await openOn(disk)
          witness.check(again)
          // It works on, and once more.
          const last = again.log.lastIndex()
          await again.log.append({
            entries: [{ index: last + 1, term: 9, type: 'normal', data: Buffer.alloc(300, 1) }],
          })
          await again.log.append({ hardState: { term: 9, vote: 0, commit: last } })
          powerCycle(disk)
          const third = await openOn(disk)
          if (third.log.lastIndex() !== last + 1 || third.log.hardState.term !== 9) {
            failures.push(`call ${call}, seed ${seed}: the third start ends at ${third.log.lastIndex()}`)
          }
          await third.close()
        } catch (error) {
          failures.push(`call ${call}, seed ${seed}: ${error instanceof Error ? error.message : error}`)
        }
      }
    }
    t.same(failures.slice(0, 10), [])
    t.ok(crashes > calls, `${crashes} crashes`)
    await leader?.close()
  })
}

await t.test('a crash in the middle of a recovery is recovered from', async (t) => {
  const failures: string[] = []
  for (let seed = 1; seed <= 8; seed++) {
    // A torn end of the log, so that the recovery has work to do.
    const make = async () => {
      const random = randomFrom(seed)
      const disk = new MemoryDisk({ random })
      const witness = new Witness()
      disk.crashAt = 40 + seed * 3
      await openOn(disk)
        .then((storage) => live(storage, witness))
        .catch(() => {})
      await settled()
      powerCycle(disk)
      return { disk, witness }
    }
    for (let call = 1; call < 12; call++) {
      const { disk, witness } = await make()
      disk.crashAt = disk.mutations + call
      await openOn(disk).catch(() => {})
      await settled()
      powerCycle(disk)
      try {
        const again = await openOn(disk)
        witness.check(again)
        await again.close()
      } catch (error) {
        failures.push(`seed ${seed}, call ${call}: ${error instanceof Error ? error.message : error}`)
      }
    }
  }
  t.same(failures, [])
})

await t.test('a crash while a cluster is founded leaves the directory empty or founded', async (t) => {
  const rows = [
    { key: 'x', value: 1 },
    { key: 'n/1', value: { id: 1 } },
  ]
  const found = async (disk: MemoryDisk) => {
    const storage = await openOn(disk)
    await storage.found(rows, { index: 1, term: 1, confState })
    await storage.close()
  }
  const dry = new MemoryDisk()
  await found(dry)
  const seen = new Set<string>()
  for (let call = 1; call <= dry.mutations; call++) {
    for (const seed of [0, 1, 2]) {
      const disk = new MemoryDisk(seed === 0 ? {} : { random: randomFrom(call * 10 + seed) })
      disk.crashAt = call
      await found(disk).catch(() => {})
      await settled()
      powerCycle(disk)
      const storage = await openOn(disk)
      const state = [
        storage.meta.index,
        storage.rows.length,
        storage.log.firstIndex(),
        storage.log.lastIndex(),
      ]
      seen.add(state.join())
      await storage.close()
    }
  }
  t.same([...seen].sort(), ['0,0,1,0', '1,2,2,1'])
})

await t.test('a process that is killed at any moment has kept what it acknowledged', async (t) => {
  await withFolder(async (folder) => {
    const directory = join(folder, 'n1')
    const random = randomFrom(Number(process.env.TRANCA_SEED ?? 1))
    let acknowledged = 0
    for (let trial = 0; trial < 6; trial++) {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-child.js'), directory])
      const until = 20 + Math.floor(random() * 150)
      let checkpoint = 0
      let count = 0
      let said = ''
      child.stdout.on('data', (data) => {
        said += data
        const lines = said.split('\n')
        said = lines.pop()!
        for (const line of lines) {
          if (line.startsWith('checkpoint')) checkpoint = Number(line.slice(11))
          else {
            acknowledged = Number(line.split(' ')[0])
            if (++count === until) child.kill('SIGKILL')
          }
        }
      })
      await once(child, 'close')
      const storage = await openNodeStorage({ directory, clusterId: 'erp', nodeId: '1' })
      t.ok(storage.log.lastIndex() >= acknowledged, `${storage.log.lastIndex()} of ${acknowledged}`)
      t.ok(storage.log.lastIndex() <= acknowledged + 1)
      t.ok(storage.meta.index >= checkpoint && storage.log.firstIndex() <= storage.meta.index + 1)
      t.equal(storage.log.hardState.term, trial * 2 + 1)
      await storage.close()
    }
  })
})

/** Lets what was rejected by the power failure run out. */
function settled(): Promise<void> {
  return new Promise((done) => setImmediate(done))
}
