import t from 'tap'
import { type ChangeResult, enterJoint, leaveJoint, simple } from '../src/confchange/changer.ts'
import { restoreConfig } from '../src/confchange/restore.ts'
import {
  type ConfChange,
  ConfChangeError,
  decodeConfChange,
  encodeConfChange,
  planOf,
  type SingleChange,
} from '../src/index.ts'
import { confStateOf, Tracker } from '../src/tracker/tracker.ts'
import { voters } from './kit.ts'

const singles: SingleChange[] = [1, 2, 3].flatMap((nodeId) =>
  (['addNode', 'addLearner', 'removeNode'] as const).map((type) => ({ type, nodeId })),
)
/** All sequences of up to three changes on three members. */
const sequences: SingleChange[][] = [
  [],
  ...singles.map((a) => [a]),
  ...singles.flatMap((a) => singles.map((b) => [a, b])),
  ...singles.flatMap((a) => singles.flatMap((b) => singles.map((c) => [a, b, c]))),
]

/** What the changes ask for: the last word on each member counts. */
function wanted(start: ReadonlyMap<number, string>, changes: readonly SingleChange[]): Map<number, string> {
  const roles = new Map(start)
  for (const { type, nodeId } of changes) {
    if (type === 'removeNode') roles.delete(nodeId)
    else roles.set(nodeId, type === 'addNode' ? 'voter' : 'learner')
  }
  return roles
}

const starts = [
  new Map([[1, 'voter']]),
  new Map([
    [1, 'voter'],
    [2, 'voter'],
  ]),
  new Map([
    [1, 'voter'],
    [2, 'learner'],
  ]),
]

function trackerOf(roles: ReadonlyMap<number, string>): Tracker {
  const tracker = new Tracker(10, 1000)
  const having = (role: string) => [...roles].filter(([, is]) => is === role).map(([id]) => id)
  restoreConfig(tracker, 10, { ...voters(...having('voter')), learners: having('learner') })
  return tracker
}

function rolesOf(tracker: Tracker): Map<number, string> {
  const { config } = tracker
  return new Map([
    ...config.voters.incoming.voters.map((id) => [id, 'voter'] as const),
    ...config.learners.map((id) => [id, 'learner'] as const),
  ])
}

const sorted = (roles: ReadonlyMap<number, string>) => [...roles].sort(([a], [b]) => a - b)

await t.test('every short sequence of changes, taken jointly, ends where it was to end', async (t) => {
  let wrong = 0
  for (const start of starts) {
    for (const changes of sequences) {
      const tracker = trackerOf(start)
      const want = wanted(start, changes)
      const entered = enterJoint(tracker, 10, false, changes)
      const possible = [...want.values()].includes('voter')
      if (entered.ok !== possible) wrong++
      if (!entered.ok) continue
      tracker.replace(entered.config, entered.progress)
      const old = [...start].filter(([, role]) => role === 'voter').map(([id]) => id)
      if (String(tracker.config.voters.outgoing.voters) !== String(old)) wrong++
      const left = leaveJoint(tracker)
      if (!left.ok) {
        wrong++
        continue
      }
      tracker.replace(left.config, left.progress)
      if (String(sorted(rolesOf(tracker))) !== String(sorted(want))) wrong++
      if (String(tracker.ids) !== String(sorted(want).map(([id]) => id))) wrong++
    }
  }
  t.equal(wrong, 0)
})

await t.test(
  'every short sequence, taken simply, is refused if it changes more than one voter',
  async (t) => {
    let wrong = 0
    for (const start of starts) {
      for (const changes of sequences) {
        const tracker = trackerOf(start)
        const want = wanted(start, changes)
        const isVoter = (roles: ReadonlyMap<number, string>, id: number) => roles.get(id) === 'voter'
        const changed = [1, 2, 3].filter((id) => isVoter(start, id) !== isVoter(want, id)).length
        const result = simple(tracker, 10, changes)
        const reason = !possible(want) ? 'removedAllVoters' : changed > 1 ? 'manyVotersChanged' : undefined
        if ((result.ok ? undefined : result.reason) !== reason) wrong++
        if (!result.ok) continue
        tracker.replace(result.config, result.progress)
        if (String(sorted(rolesOf(tracker))) !== String(sorted(want))) wrong++
      }
    }
    t.equal(wrong, 0)
  },
)

function possible(roles: ReadonlyMap<number, string>): boolean {
  return [...roles.values()].includes('voter')
}

await t.test('a configuration that is stored and restored is the same, joint ones too', async (t) => {
  for (const start of starts) {
    for (const changes of sequences) {
      const tracker = trackerOf(start)
      const entered: ChangeResult = enterJoint(tracker, 10, true, changes)
      if (!entered.ok) continue
      const state = confStateOf(entered.config)
      const restored = new Tracker(10, 1000)
      restoreConfig(restored, 10, state)
      if (JSON.stringify(restored.confState()) !== JSON.stringify(state)) t.fail(JSON.stringify(state))
    }
  }
})

await t.test('a refused change leaves the configuration untouched', async (t) => {
  const tracker = trackerOf(new Map([[1, 'voter']]))
  const before = JSON.stringify(tracker.confState())
  t.same(simple(tracker, 10, [{ type: 'removeNode', nodeId: 1 }]), { ok: false, reason: 'removedAllVoters' })
  t.same(leaveJoint(tracker), { ok: false, reason: 'notJoint' })
  t.equal(JSON.stringify(tracker.confState()), before)
})

await t.test('what a change means follows from its transition and number', async (t) => {
  const one: SingleChange = { type: 'addNode', nodeId: 4 }
  const plan = (transition: 'auto' | 'implicit' | 'explicit', changes: SingleChange[]) =>
    planOf({ version: 2, transition, changes })
  t.same(plan('auto', []), { kind: 'leaveJoint' })
  t.same(plan('auto', [one]), { kind: 'simple' })
  t.same(plan('auto', [one, one]), { kind: 'enterJoint', autoLeave: true })
  t.same(plan('implicit', [one]), { kind: 'enterJoint', autoLeave: true })
  t.same(plan('explicit', [one]), { kind: 'enterJoint', autoLeave: false })
})

await t.test('a change survives its encoding, context and large ids with it', async (t) => {
  const context = new Uint8Array([1, 0, 255])
  const changes: ConfChange[] = [
    { version: 1, id: 300, type: 'addLearner', nodeId: 2 ** 40, context },
    { version: 1, id: 0, type: 'removeNode', nodeId: 3, context: undefined },
    {
      version: 2,
      transition: 'explicit',
      changes: [
        { type: 'addNode', nodeId: 5 },
        { type: 'updateNode', nodeId: 1 },
      ],
      context,
    },
    { version: 2, transition: 'auto', changes: [], context: undefined },
  ]
  for (const change of changes) t.same(decodeConfChange(encodeConfChange(change)), change)
})

await t.test('the encoding is the protobuf one', async (t) => {
  const v1 = encodeConfChange({ version: 1, id: 0, type: 'addNode', nodeId: 2 })
  t.equal(Buffer.from(v1.data).toString('hex'), '080010001802')
  const v2 = encodeConfChange({
    version: 2,
    transition: 'implicit',
    changes: [{ type: 'removeNode', nodeId: 150 }],
  })
  t.equal(Buffer.from(v2.data).toString('hex'), '080112050801109601')
})

await t.test('damaged changes are refused with their place', async (t) => {
  const broken = ['08', '0805', '12ff', '0b', '08ffffffffffffffffff01']
  for (const hex of broken) {
    const data = new Uint8Array(Buffer.from(hex, 'hex'))
    t.throws(() => decodeConfChange({ type: 'confChangeV2', data }), ConfChangeError, hex)
  }
  t.throws(() => decodeConfChange({ type: 'normal', data: new Uint8Array(0) }), ConfChangeError)
})
