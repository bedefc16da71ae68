import type { Session } from '@tranca/client'
import type { Json, Operation } from '@tranca/history'
import type { Call } from './calls.ts'

/** What of a call's operation is known, or must be left open. */
interface Said {
  readonly op: string
  readonly args: Operation['args']
  readonly ret?: Json
}

/** A user of one session is another one than the same user in the next session. */
export function ownerOf(session: number, user: string): string {
  return `${session}/${user}`
}

/** The call did this, with this answer. */
export function done({ session, user, callMs, returnMs }: Call, { op, args, ret = null }: Said): Operation {
  const [callNs, returnNs] = [nanoseconds(callMs), nanoseconds(returnMs)]
  return { client: ownerOf(session.id, user), op, args, ret, status: 'ok', callNs, returnNs }
}

/** It may have been done, since then, or will be, or never. */
export function maybe(
  who: { session: Session; user: string },
  sinceMs: number,
  { op, args }: Said,
): Operation {
  const client = ownerOf(who.session.id, who.user)
  return { client, op, args, ret: null, status: 'unknown', callNs: nanoseconds(sinceMs) }
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6))
}
