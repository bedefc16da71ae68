import type { Random } from '../random.ts'
import type { Deed } from './deed.ts'
import { gapless } from './numbering.ts'
import { product } from './vendor.ts'

const people = ['ana', 'bia', 'caio', 'davi'] as const
const groups = ['01', '02'] as const

function person(random: Random): { user: string; group: string } {
  return { user: random.pick(people), group: random.pick(groups) }
}

export const license: Deed = {
  name: 'license',
  async perform(desk) {
    const { owner, random, note, pause } = desk
    const wanted = random.pick(['fiscal', 'full', product.slaves])
    note(`license ${wanted}`)
    const grant = await owner.license(wanted, {
      ...person(random),
      waitMs: random.pick([0, 0, 300, 3_000]),
      priority: random.integer(0, 1),
      ...(random.chance(0.2) && { lingerMs: random.pick([50, 800]) }),
      ...(random.chance(0.1) && { idleMs: 500 }),
      ...(random.chance(0.2) && { deadlineMs: random.pick([20, 200, 1_500]) }),
    })
    desk.saw('license.granted', String(grant.product), grant.token)
    note(`has ${grant.product}, ${grant.status}`)
    await pause(random.exponential(100))
    if (random.chance(0.2)) await grant.renew()
    await grant.release()
  },
}

/** Several units at a time, shared by all on one host. */
export const cores: Deed = {
  name: 'cores',
  async perform(desk) {
    const { owner, random, pause } = desk
    const grant = await owner.license(product.cores, {
      host: random.pick(['h1', 'h2', 'h3']),
      units: random.integer(1, 4),
      waitMs: random.pick([0, 1_000]),
    })
    desk.saw('license.granted', String(product.cores), grant.token)
    await pause(random.exponential(60))
    await grant.release()
  },
}

export const askOnly: Deed = {
  name: 'ask for a license',
  async perform({ owner, random }) {
    const grant = await owner.license('fiscal', { ...person(random), mode: 'query' })
    await grant.release()
  },
}

/** A lease of which the owner gives units away. */
export const lease: Deed = {
  name: 'lease',
  async perform(desk) {
    const { owner, random, pause } = desk
    const pool = await owner.licensePool(product.slaves, random.integer(0, 3))
    desk.saw('license.granted', String(product.slaves), pool.token)
    for (let taken = 0; taken < Math.min(pool.units, 2); taken++) await pool.take(`slave ${taken}`)
    await pause(random.exponential(80))
    await pool.give('slave 0')
    await pool.release()
  },
}

export const bundle: Deed = {
  name: 'bundle',
  async perform(desk) {
    const { owner, random, note, pause } = desk
    const name = random.pick(['SA1', 'SF2'])
    const taken = await owner.bundle([
      { op: 'license.checkout', feature: 'full', ...person(random) },
      { op: 'lock.acquire', locks: [{ name, mode: 'exclusive' }] },
      { op: 'sequence.reserve', name: 'invoices', scope: { company: '', branch: '' }, spec: gapless },
    ])
    const [grant, , number] = taken.held
    note(`has ${grant.product}, ${name} and ${number.value}`)
    desk.saw('license.granted', String(grant.product), taken.token)
    desk.saw('lock.granted', name, taken.token)
    desk.saw('sequence.issued', 'invoices', number.value)
    await pause(random.exponential(60))
    if (random.chance(0.5)) await number.rollback()
    else {
      await number.confirm()
      desk.saw('sequence.confirmed', 'invoices', number.value)
    }
    await taken.release()
  },
}

/** The refusals of licenses that a correct cluster may give to these deeds. */
export const refusals = [
  'notLicensed',
  'unknownFeature',
  'notInContract',
  'exhausted',
  'overMax',
  'reservedForOthers',
  'excluded',
  'coolDown',
  // An administrator or the idle time has ended it.
  'unknownGrant',
] as const
