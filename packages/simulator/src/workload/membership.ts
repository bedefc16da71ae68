import { TrancaError } from '@tranca/client'
import { addressOf } from '../cluster/cluster.ts'
import type { Chore, Tools } from './chore.ts'

/** Time between two tries, or two looks. */
const againMs = 150

/** After these nobody knows whether it was done, or it could not be done just then. */
const doubts: ReadonlySet<string> = new Set([
  'outcomeUnknown',
  'deadline',
  'uncertain',
  'busy',
  'changePending',
])

/** Asks until it is done; `isDone`: a refusal that says that an earlier try did it. */
async function insist({ pause }: Tools, ask: () => Promise<unknown>, isDone = ''): Promise<void> {
  for (;;) {
    try {
      await ask()
      return
    } catch (error) {
      if (!(error instanceof TrancaError)) throw error
      if (error.code === isDone) return
      if (!doubts.has(error.code)) throw error
    }
    await pause(againMs)
  }
}

export const transfer: Chore = {
  name: 'transfer',
  // Meanwhile the one that was picked may have lost its vote, for what its disk lost, or be a deposed leader's idea.
  mayRefuse: ['transferFailed', 'busy', 'notCaughtUp', 'unknownMember'],
  async perform({ admin, cluster, random, note }) {
    const voters = cluster.leader?.replica?.confState.voters ?? []
    if (voters.length === 0) return
    const to = random.pick(voters)
    note(`transfer to n${to}`)
    await admin.request({ op: 'leader.transfer', to })
  },
}

export const drain: Chore = {
  name: 'drain',
  // The one that is left cannot be spared, or nobody was there to take over: then it goes on as before.
  mayRefuse: ['lastVoter'],
  async perform(tools) {
    const { admin, cluster, random, note, pause } = tools
    // A drained member never stands: what only it and a lost disk had would leave nobody who can win.
    if (!cluster.isWhole) return
    cluster.isChanging = true
    const { id, name } = random.pick(cluster.present)
    note(`drain ${name}`)
    try {
      await admin.request({ op: 'member.drain', id })
    } catch (error) {
      if (!(error instanceof TrancaError) || !(doubts.has(error.code) || error.code === 'transferFailed')) {
        cluster.isChanging = false
        throw error
      }
    }
    await pause(random.exponential(800))
    note(`undrain ${name}`)
    await insist(tools, () => admin.request({ op: 'member.undrain', id }))
    cluster.isChanging = false
  },
}

/** A member leaves for good, and another comes with an empty disk: first as a learner, then with a vote. */
export const replace: Chore = {
  name: 'replace a member',
  async perform(tools) {
    const { admin, cluster, random, note, pause } = tools
    if (!cluster.isWhole || cluster.present.length < 3) return
    cluster.isChanging = true
    const leaving = random.pick(cluster.present)
    note(`remove ${leaving.name}`)
    await insist(tools, () => admin.request({ op: 'member.remove', id: leaving.id }), 'unknownMember')
    leaving.isRemoved = true
    const address = addressOf(cluster.members.length + 1)
    note(`add ${address.name}`)
    await insist(tools, () => admin.request({ op: 'member.add', ...address }), 'memberExists')
    if (random.chance(0.5)) await pause(random.exponential(300))
    // Nobody has told the one that left: it runs until it is switched off.
    leaving.crash({ machine: true })
    const coming = cluster.add(address)
    note(`${address.name} joins`)
    while (!cluster.hasVote(coming)) await pause(againMs)
    cluster.isChanging = false
  },
}
