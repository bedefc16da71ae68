import type { RawNode } from '@tranca/raft-ts'
import t from 'tap'
import { ReadQueue } from '../src/replica/read-queue.ts'

function queue() {
  const contexts: string[] = []
  const raft = {
    term: 4,
    readIndex: (context: string) => {
      contexts.push(context)
      return { ok: true }
    },
  }
  return { reads: new ReadQueue(raft as unknown as RawNode), contexts }
}

await t.test('a read waits until its index is applied', async (t) => {
  const { reads, contexts } = queue()
  const answers: boolean[] = []
  reads.add((current) => answers.push(current))
  reads.flush(true)
  reads.serve(10)
  t.strictSame(answers, [], 'the leader is not confirmed')
  reads.confirmed(contexts[0]!, 12)
  reads.serve(11)
  t.strictSame(answers, [], 'index 12 is not applied')
  reads.serve(12)
  t.strictSame(answers, [true])
  t.equal(reads.size, 0)
})

await t.test('one round serves all reads of a turn, and none that came later', async (t) => {
  const { reads, contexts } = queue()
  const answers: string[] = []
  reads.add(() => answers.push('first'))
  reads.add(() => answers.push('second'))
  reads.flush(true)
  reads.add(() => answers.push('later'))
  t.equal(contexts.length, 1)
  reads.confirmed(contexts[0]!, 3)
  reads.serve(3)
  t.strictSame(answers, ['first', 'second'])
})

await t.test('who does not lead says no to all', async (t) => {
  const { reads, contexts } = queue()
  const answers: boolean[] = []
  reads.add((current) => answers.push(current))
  reads.flush(true)
  reads.add((current) => answers.push(current))
  reads.flush(false)
  t.strictSame(answers, [false, false])
  reads.confirmed(contexts[0]!, 3)
  reads.serve(3)
  t.equal(answers.length, 2, 'a confirmation that comes late changes nothing')
})
