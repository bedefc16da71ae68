import type { ReadValues, Values } from '@tranca/ledger'
import { type OperationName, operations, type ResultInputOf } from '@tranca/protocol'
import t from 'tap'

// The ledger and the wire describe the same shapes without knowing each other: this file does not compile if
// an answer of the ledger does not fit the wire.

type Answers = Values & ReadValues
type Misfits = {
  [N in keyof Answers]: N extends OperationName ? (Answers[N] extends ResultInputOf<N> ? never : N) : N
}[keyof Answers]

const misfits: Misfits[] = []
const fits: [Misfits] extends [never] ? true : Misfits = true

t.test('every answer of the ledger fits the wire', async (t) => {
  t.same(misfits, [])
  t.ok(fits)
  t.ok(operations['license.checkout'])
})
