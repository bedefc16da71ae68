import type { SequenceSpec } from '@tranca/client'
import type { Deed } from './deed.ts'

const base = {
  digits: 'decimal',
  width: 9,
  prefix: '',
  start: '000000001',
  reset: 'never',
  utcOffsetMinutes: -180,
  warnBelow: 0,
} as const
const fast: SequenceSpec = { ...base, kind: 'fast', reservationTtlMs: 0 }
export const gapless: SequenceSpec = { ...base, kind: 'gapless', reservationTtlMs: 5_000 }

export const next: Deed = {
  name: 'next number',
  async perform({ owner, saw, note }) {
    const number = await owner.sequence('orders', { spec: fast }).next()
    note(`order ${number.value}`)
    saw('sequence.issued', 'orders', number.value)
  },
}

export const block: Deed = {
  name: 'numbers in a block',
  async perform({ owner, random, saw }) {
    const { first, last, count } = await owner.sequence('orders', { spec: fast }).block(random.integer(2, 9))
    saw('sequence.issued', 'orders', count === 1 ? first : `${first}..${last}`)
  },
}

export const confirm: Deed = {
  name: 'reserve and settle',
  async perform({ owner, random, saw, note, pause }) {
    const ttlMs = random.pick([undefined, 0, 300])
    const sequence = owner.sequence('invoices', { spec: gapless })
    const number = await sequence.reserve(ttlMs === undefined ? {} : { ttlMs })
    note(`invoice ${number.value}`)
    saw('sequence.issued', 'invoices', number.value)
    await pause(random.exponential(80))
    if (random.chance(0.25)) {
      await number.rollback()
      return
    }
    await number.confirm()
    saw('sequence.confirmed', 'invoices', number.value)
  },
}

/** The user forgets what it reserved: the number comes back by itself. */
export const reserve: Deed = {
  name: 'reserve and forget',
  async perform({ owner, random, saw }) {
    const number = await owner
      .sequence('invoices', { spec: gapless })
      .reserve({ ttlMs: random.pick([200, 1_500]) })
    saw('sequence.issued', 'invoices', number.value)
  },
}
