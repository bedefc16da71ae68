import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { openNodeStorage } from '../src/open-node-storage.ts'
import { randomFrom, withFolder } from './kit.ts'

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
