import { doneAs, nameOf } from '../record/history.ts'
import { counted, Findings, type Verdict } from './finding.ts'
import { grouped } from './grouped.ts'
import type { License, Licensing } from './licensing.ts'
import type { ConsumerPart, LicenseState } from './state.ts'
import { isCounted, walk } from './units.ts'

/**
 * No grant is lost: who has one can give it back, it is there as long as it was not given back, and the usage
 * report has counted it. And none is taken twice: each has its own number, one consumer has one unit of a
 * product, and one unit has one consumer - also when a request met a failover, or a process came back while its
 * old session had not expired yet.
 *
 * The usage report is compared only if nobody but the history's clients took licenses between both states.
 */
export function auditGrants(
  licensing: Licensing,
  before: LicenseState | undefined,
  after: LicenseState | undefined,
): Verdict {
  const findings = new Findings('grantsKept')
  const { licenses, lost, queries } = licensing
  const numbers = new Map<number, License>()
  for (const license of [...licenses, ...queries]) {
    const other = numbers.get(license.grant)
    if (other !== undefined) {
      findings.add(`grant ${license.grant} was given to ${nameOf(other.by)} and to ${nameOf(license.by)}`)
    }
    numbers.set(license.grant, license)
  }
  for (const call of lost) {
    findings.add(`${call.request.op} of ${nameOf(call)}: it had the grant, yet was told that it had not`)
  }
  for (const [product, list] of grouped(licenses, ({ product }) => product)) {
    const state = after?.products.find((each) => each.product === product)
    if (state !== undefined && isCounted(state)) auditConsumers(list, state.consumerKey, findings)
  }
  if (after !== undefined) {
    auditPresent(licensing, after, numbers, findings)
    auditUsed(after, findings)
  }
  if (before !== undefined && after !== undefined) auditUsage(licensing, before, after, findings)
  return findings.verdict(counted(licenses.length + queries.length, 'grant'))
}

function auditConsumers(
  list: readonly License[],
  template: readonly ConsumerPart[],
  findings: Findings,
): void {
  const unitsOf = new Map<string, Map<number, number>>()
  const consumersOf = new Map<number, Map<string, number>>()
  walk(
    list.filter(({ unit }) => unit !== 0),
    (license, comes) => {
      const consumer = consumerOf(license, template)
      const { unit, product } = license
      const units = count(unitsOf, consumer, unit, comes)
      const consumers = count(consumersOf, unit, consumer, comes)
      if (!comes) return
      const who = nameOf(license.by)
      if (units.size > 1) {
        const names = [...units.keys()].map((each) => `L${each}`).join(' and ')
        findings.add(`product ${product}: ${who} has units ${names} for one consumer at the same time`)
      }
      if (consumers.size > 1) {
        findings.add(`product ${product}: unit L${unit} of ${who} is with ${consumers.size} consumers`)
      }
    },
  )
}

/** Adds or takes away one, and returns what is left of the key. */
function count<K, E>(counts: Map<K, Map<E, number>>, key: K, each: E, comes: boolean): Map<E, number> {
  let mine = counts.get(key)
  if (mine === undefined) {
    mine = new Map()
    counts.set(key, mine)
  }
  const now = (mine.get(each) ?? 0) + (comes ? 1 : -1)
  if (now === 0) mine.delete(each)
  else mine.set(each, now)
  return mine
}

function consumerOf({ by, grant }: License, template: readonly ConsumerPart[]): string {
  const request = doneAs(by, 'license.checkout')?.request
  if (request === undefined || template.length === 0) return `grant ${grant}`
  return template.map((part) => (part === 'session' ? by.client.session : request[part])).join('\0')
}

/** What the cluster still has is what the history says is still held. */
function auditPresent(
  { licenses, queries, unseen }: Licensing,
  after: LicenseState,
  numbers: ReadonlyMap<number, License>,
  findings: Findings,
): void {
  const there = new Set(after.grants.map(({ grant }) => grant))
  for (const { grant, product, by, toMs } of [...licenses, ...queries]) {
    if (toMs !== Number.POSITIVE_INFINITY || by.client.end !== undefined || there.has(grant)) continue
    findings.add(`grant ${grant} of product ${product}: ${nameOf(by)} has it, and the cluster has not`)
  }
  const sessions = new Set([...licenses, ...queries].map(({ by }) => by.client.session))
  for (const { grant, product, session, owner } of after.grants) {
    if (!sessions.has(session)) continue
    const license = numbers.get(grant)
    const isOver = license !== undefined && license.toMs !== Number.POSITIVE_INFINITY
    if (license === undefined && unseen > 0) continue
    if (license !== undefined && (!isOver || license.by.client.end !== undefined)) continue
    const why = license === undefined ? 'nobody was told of it' : 'it was given back'
    findings.add(`grant ${grant} of product ${product}: with session ${session}, ${owner}, yet ${why}`)
  }
}

/** Where nobody has a grant no unit is in use: none stays taken after a crash. */
function auditUsed(after: LicenseState, findings: Findings): void {
  const held = new Set(after.grants.map(({ product }) => product))
  for (const state of after.products) {
    if (!isCounted(state) || held.has(state.product) || state.used <= state.kept) continue
    findings.add(
      `product ${state.product}: ${state.used} units count as used, ${state.kept} of them kept, and nobody has a grant`,
    )
  }
}

function auditUsage(
  { taken, unseen }: Licensing,
  before: LicenseState,
  after: LicenseState,
  findings: Findings,
): void {
  if (before.usageFromMs !== after.usageFromMs) return
  const countOf = ({ usage }: LicenseState, product: number): number =>
    usage.find((each) => each.product === product)?.checkouts ?? 0
  let more = 0
  for (const { product } of after.products) {
    const counts = countOf(after, product) - countOf(before, product)
    const known = taken.get(product) ?? 0
    if (counts < known) {
      findings.add(
        `product ${product}: ${counted(known, 'check-out')} answered, and ${counts} in the usage report`,
      )
    }
    more += Math.max(0, counts - known)
  }
  if (more > unseen) {
    findings.add(
      `${counted(more, 'check-out')} in the usage report that nobody was told of, and ${unseen} without an answer`,
    )
  }
}
