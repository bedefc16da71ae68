import type { Deed } from './deed.ts'

export const look: Deed = {
  name: 'look',
  async perform({ caller, random }) {
    const name = random.pick(['SA1', 'SB1', 'SC5'])
    await caller.call({ op: 'lock.get', namespace: caller.namespace, name }, {})
  },
}

export const releaseOwner: Deed = {
  name: 'release all',
  async perform({ owner, random }) {
    await owner.lock('SE1', { waitMs: 500, mode: random.chance(0.5) ? 'shared' : 'exclusive' })
    await owner.release()
  },
}

export const closeSession: Deed = {
  name: 'close the session',
  async perform({ random, leave }) {
    if (random.chance(0.3)) await leave()
  },
}
