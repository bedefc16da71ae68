// Run by crash.test.ts: appends and checkpoints for ever, and says what was acknowledged.
import { openNodeStorage } from '../src/open-node-storage.ts'
import { confState, entriesOf, hard } from './kit.ts'

const storage = await openNodeStorage({
  directory: process.argv[2]!,
  clusterId: 'erp',
  nodeId: '1',
  limits: { segmentSize: 65536, tailBytesMax: 4096, tailEntriesMax: 10 },
  initial: { index: 0, term: 0, confState },
})
const term = storage.starts
for (let index = storage.log.lastIndex() + 1; ; index++) {
  await storage.log.append({ hardState: hard(term, 1, index - 1), entries: entriesOf(index, 1, term, 700) })
  process.stdout.write(`${index} ${term}\n`)
  if (index % 40 === 0) {
    const changes = [{ key: `row/${index % 200}`, value: index }]
    await storage.checkpoint(changes, { index, term, confState })
    process.stdout.write(`checkpoint ${index}\n`)
  }
}
