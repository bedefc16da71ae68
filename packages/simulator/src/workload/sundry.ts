import type { Deed } from './deed.ts'

export const look: Deed = {
  name: 'look',
  async perform({ session, random }) {
    const name = random.pick(['SA1', 'SB1', 'SC5'])
    await session.request({ op: 'lock.get', namespace: session.namespace, name })
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
  async perform({ session, random }) {
    if (random.chance(0.3)) await session.close()
  },
}
