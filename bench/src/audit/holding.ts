import { type Call, type Client, doneAs } from '../record/history.ts'
import type { LockMode } from '../record/operation.ts'

/**
 * A stretch of time in which a user surely held a name: from the answer that granted it to the call that may
 * have ended it. What was held a little longer than that on either side cannot be seen from outside, so no
 * correct service is ever accused.
 */
export interface Holding {
  readonly name: string
  readonly mode: LockMode
  readonly by: Call
  readonly fromMs: number
  readonly toMs: number
}

interface OpenHolding {
  mode: LockMode
  by: Call
  fromMs: number
}

export interface Holdings {
  readonly locks: readonly Holding[]
  readonly codes: readonly Holding[]
  /** Acquires that took at least one name anew, and licenses: each has a token of its own. */
  readonly fresh: readonly Call[]
}

/** One user's open holdings while its calls are walked through. */
class Walk {
  readonly locks = new Map<string, OpenHolding>()
  readonly codes = new Map<string, OpenHolding>()
}

/** A user of a history does one thing at a time: calls of one owner do not overlap. */
export function holdingsOf(calls: readonly Call[]): Holdings {
  const locks: Holding[] = []
  const codes: Holding[] = []
  const fresh: Call[] = []
  const walks = new Map<Client, Map<string, Walk>>()

  const end = (into: Holding[], open: Map<string, OpenHolding>, name: string, toMs: number): void => {
    const holding = open.get(name)
    if (holding === undefined) return
    open.delete(name)
    if (toMs > holding.fromMs) into.push({ name, ...holding, toMs })
  }

  for (const call of calls) {
    const walk = walkOf(walks, call)
    const { request, callMs } = call
    switch (request.op) {
      case 'lock.acquire': {
        if (doneAs(call, 'lock.acquire') === undefined) break
        let anew = false
        for (const { name, mode } of request.locks) {
          const held = walk.locks.get(name)
          if (held !== undefined && (held.mode === mode || held.mode === 'exclusive')) continue
          anew = true
          end(locks, walk.locks, name, callMs)
          walk.locks.set(name, { mode, by: call, fromMs: call.returnMs })
        }
        if (anew) fresh.push(call)
        break
      }
      case 'lock.release': {
        if (call.outcome.status === 'refused') break
        const counts = doneAs(call, 'lock.release')?.result.counts
        request.names.forEach((name, position) => {
          if ((counts?.[position] ?? 0) === 0) end(locks, walk.locks, name, callMs)
        })
        break
      }
      case 'code.reserve':
        if (doneAs(call, 'code.reserve') === undefined || walk.codes.has(request.code)) break
        walk.codes.set(request.code, { mode: 'exclusive', by: call, fromMs: call.returnMs })
        break
      case 'code.release':
        end(codes, walk.codes, request.code, callMs)
        break
      case 'code.releaseAll':
        for (const code of walk.codes.keys()) end(codes, walk.codes, code, callMs)
        break
      case 'license.checkout':
      case 'license.pool':
        if (call.outcome.status === 'ok') fresh.push(call)
        break
      case 'owner.release':
        for (const name of walk.locks.keys()) end(locks, walk.locks, name, callMs)
        for (const code of walk.codes.keys()) end(codes, walk.codes, code, callMs)
        break
      default:
        break
    }
  }
  for (const [client, owners] of walks) {
    const toMs = client.endedMs ?? Number.POSITIVE_INFINITY
    for (const walk of owners.values()) {
      for (const name of walk.locks.keys()) end(locks, walk.locks, name, toMs)
      for (const code of walk.codes.keys()) end(codes, walk.codes, code, toMs)
    }
  }
  return { locks, codes, fresh }
}

function walkOf(walks: Map<Client, Map<string, Walk>>, call: Call): Walk {
  let owners = walks.get(call.client)
  if (owners === undefined) {
    owners = new Map()
    walks.set(call.client, owners)
  }
  let walk = owners.get(call.request.owner)
  if (walk === undefined) {
    walk = new Walk()
    owners.set(call.request.owner, walk)
  }
  return walk
}
