import { type Call, type Client, doneAs } from '../record/history.ts'

/**
 * A stretch of time in which an owner surely had a grant: from the answer that gave it to the call that may have
 * ended it. As with locks, what was held a little longer on either side cannot be seen from outside.
 */
export interface License {
  readonly grant: number
  readonly product: number
  /** Running number of the unit in its pool; 0 for a lease, whose units have none that its owner learns. */
  readonly unit: number
  /** Units that it surely counts. */
  readonly units: number
  readonly by: Call
  toMs: number
}

/** A unit of a lease in the hands of a holder. */
export interface Handed {
  readonly lease: License
  readonly holder: string
  readonly by: Call
  toMs: number
}

/** What clients saw of the licenses. */
export interface Licensing {
  readonly licenses: readonly License[]
  readonly handed: readonly Handed[]
  /** Calls that were refused although their owner surely had the grant. */
  readonly lost: readonly Call[]
  /** Check-outs and leases that counted, by product, and those whose answer nobody saw. */
  readonly taken: ReadonlyMap<number, number>
  readonly unseen: number
  /** Questions only. */
  readonly queries: readonly License[]
}

/** Refusals that say: this grant is not, or no longer, yours. */
const gone: readonly string[] = ['unknownGrant', 'notHolder']

/** Walks through the calls in order. Calls of one owner about one grant or holder do not overlap. */
export function licensingOf(calls: readonly Call[]): Licensing {
  const licenses: License[] = []
  const queries: License[] = []
  const handed: Handed[] = []
  const lost: Call[] = []
  const taken = new Map<number, number>()
  /** By client and grant: those that are held while the calls are walked through. */
  const held = new Map<Client, Map<number, License>>()
  const hands = new Map<License, Map<string, Handed>>()
  let unseen = 0

  const heldBy = (client: Client): Map<number, License> => {
    let mine = held.get(client)
    if (mine === undefined) {
      mine = new Map()
      held.set(client, mine)
    }
    return mine
  }
  const end = (license: License, toMs: number): void => {
    heldBy(license.by.client).delete(license.grant)
    license.toMs = Math.min(license.toMs, toMs)
    for (const hand of hands.get(license)?.values() ?? []) hand.toMs = Math.min(hand.toMs, toMs)
    hands.delete(license)
  }
  const give = (call: Call, license: License): void => {
    licenses.push(license)
    heldBy(call.client).set(license.grant, license)
    taken.set(license.product, (taken.get(license.product) ?? 0) + 1)
  }
  const isGone = ({ outcome }: Call): boolean => outcome.status === 'refused' && gone.includes(outcome.cause)

  for (const call of calls) {
    const { request, client, callMs } = call
    const toMs = Number.POSITIVE_INFINITY
    switch (request.op) {
      case 'license.checkout': {
        const result = doneAs(call, 'license.checkout')?.result
        if (result === undefined) {
          if (call.outcome.status !== 'refused' && request.mode === 'use') unseen++
          break
        }
        const { grant, product, unit, status } = result
        // A unit that grew for another grant may shrink with it.
        const license = { grant, product, unit, units: Math.min(result.units, request.units), by: call, toMs }
        if (status !== 'query') give(call, license)
        else {
          queries.push(license)
          heldBy(client).set(grant, license)
        }
        break
      }
      case 'license.pool': {
        const result = doneAs(call, 'license.pool')?.result
        if (result !== undefined) give(call, { ...result, product: request.product, unit: 0, by: call, toMs })
        else if (call.outcome.status !== 'refused') unseen++
        break
      }
      case 'license.checkin': {
        const license = heldBy(client).get(request.grant)
        if (license === undefined) break
        if (isGone(call)) lost.push(call)
        end(license, callMs)
        break
      }
      case 'license.poolTake':
      case 'license.poolGive': {
        const lease = heldBy(client).get(request.grant)
        if (lease === undefined) break
        if (isGone(call)) lost.push(call)
        let mine = hands.get(lease)
        if (mine === undefined) {
          mine = new Map()
          hands.set(lease, mine)
        }
        const { holder } = request
        const before = mine.get(holder)
        if (request.op === 'license.poolGive') {
          if (before !== undefined) before.toMs = Math.min(before.toMs, callMs)
          mine.delete(holder)
        } else if (call.outcome.status === 'ok' && before === undefined) {
          const hand = { lease, holder, by: call, toMs }
          mine.set(holder, hand)
          handed.push(hand)
        }
        break
      }
      case 'owner.release':
        for (const license of [...heldBy(client).values()]) {
          if (license.by.request.owner === request.owner) end(license, callMs)
        }
        break
      default:
        break
    }
  }
  for (const [client, mine] of held) {
    if (client.endedMs === undefined) continue
    for (const license of [...mine.values()]) end(license, client.endedMs)
  }
  return { licenses, handed, lost, taken, unseen, queries }
}
