import type { RequestOf } from '@tranca/client'
import type { Chore } from './chore.ts'
import { drain, replace, transfer } from './membership.ts'
import { keyFile, product } from './vendor.ts'

/** A key that fits after the one in force: more of some products, less of others. */
export const installKey: Chore = {
  name: 'install a key',
  // Done already, by a try whose answer was lost.
  mayRefuse: ['keyReplayed', 'keyOlder'],
  async perform({ admin, note }) {
    const { serial } = await admin.request({ op: 'key.show' })
    note(`install key ${serial + 1}`)
    await admin.request({ op: 'key.install', file: keyFile(serial + 1) })
  },
}

const forceRelease: Chore = {
  name: 'force release',
  async perform({ admin, session, random, note }) {
    const { grants } = await admin.request({ op: 'license.grants', limit: 20 })
    if (grants.length === 0) return
    const { grant } = random.pick(grants)
    note(`force release of ${grant}`)
    const coolDownMs = random.pick([0, 300])
    await session.request({ op: 'license.forceRelease', grant, coolDownMs, reason: 'simulated' })
  },
}

type Rules = RequestOf<'license.rules'>['rules']

const books: readonly Rules[] = [
  [],
  [{ kind: 'max', product: product.full, subject: { type: 'group', value: '01' }, amount: 1 }],
  [{ kind: 'reserve', product: product.full, subject: { type: 'user', value: 'ana' }, amount: 1 }],
  [
    { kind: 'exclude', product: product.fiscal, subject: { type: 'user', value: 'caio' } },
    { kind: 'linger', product: 0, subject: { type: 'group', value: '02' }, ms: 200 },
  ],
  [{ kind: 'idle', product: 0, subject: { type: 'user', value: 'bia' }, ms: 80 }],
]

const changeRules: Chore = {
  name: 'other rules',
  async perform({ admin, session, random, note }) {
    const { version } = await admin.request({ op: 'license.rulesGet' })
    const rules = random.pick(books)
    note(`rules ${version + 1}: ${rules.map(({ kind }) => kind).join(' ')}`)
    await session.request({ op: 'license.rules', rules, version: version + 1 })
  },
}

export const chores: readonly Chore[] = [
  installKey,
  forceRelease,
  forceRelease,
  changeRules,
  transfer,
  drain,
  replace,
]
