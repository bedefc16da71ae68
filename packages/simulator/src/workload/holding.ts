import type { Deed, Desk } from './deed.ts'

const names = ['SA1', 'SB1', 'SC5'] as const

function waitMs({ random }: Desk): number {
  return random.pick([0, 50, 400, 2_000, 4_000])
}

/** Waits no longer than a caller would: an aborted request has to give back what it may have got. */
function deadline({ random }: Desk): { deadlineMs?: number } {
  return random.chance(0.2) ? { deadlineMs: random.pick([20, 200, 1_500]) } : {}
}

export const lock: Deed = {
  name: 'lock',
  async perform(desk) {
    const { owner, random, note } = desk
    const name = random.pick(names)
    const mode = random.chance(0.7) ? 'exclusive' : 'shared'
    note(`lock ${name} ${mode}`)
    const held = await owner.lock(name, { mode, waitMs: waitMs(desk), ...deadline(desk) })
    desk.saw('lock.granted', name, held.token)
    note(`has ${name}, token ${held.token}`)
    await desk.pause(random.exponential(60))
    await held.release()
  },
}

export const tryLock: Deed = {
  name: 'try',
  async perform(desk) {
    const name = desk.random.pick(names)
    const held = await desk.owner.tryLock(name)
    if (held === undefined) return
    desk.saw('lock.granted', name, held.token)
    await desk.pause(desk.random.exponential(30))
    await held.release()
  },
}

export const manyLocks: Deed = {
  name: 'locks in one step',
  async perform(desk) {
    const wanted = names.filter(() => desk.random.chance(0.7))
    if (wanted.length === 0) return
    const held = await desk.owner.lock(wanted, { waitMs: waitMs(desk), ...deadline(desk) })
    for (const name of wanted) desk.saw('lock.granted', name, held.token)
    await desk.pause(desk.random.exponential(60))
    await held.release()
  },
}

export const reenter: Deed = {
  name: 'lock twice',
  async perform(desk) {
    const first = await desk.owner.lock('SD1', { waitMs: waitMs(desk) })
    const second = await desk.owner.lock('SD1', { waitMs: 0 })
    await desk.pause(desk.random.exponential(20))
    await second.release()
    await first.release()
  },
}

export const permits: Deed = {
  name: 'permits',
  async perform(desk) {
    const count = desk.random.integer(1, 2)
    const semaphore = desk.owner.semaphore('printers', { total: 3 })
    const held = await semaphore.acquire(count, { waitMs: waitMs(desk), ...deadline(desk) })
    desk.saw('semaphore.granted', 'printers', held.token)
    await desk.pause(desk.random.exponential(60))
    await held.release()
  },
}

export const codes: Deed = {
  name: 'codes',
  async perform({ owner, random, pause }) {
    const code = `C${random.below(4)}`
    if (!(await owner.reserveCode(code))) return
    await pause(random.exponential(100))
    await owner.releaseCode(code)
  },
}
