import { Admin, type AdminOptions } from './admin.ts'
import type { CallOptions } from './caller.ts'
import type { SessionOptions } from './options.ts'
import { Session } from './session.ts'

/**
 * Opens a session and waits until it is open.
 *
 * @throws RangeError for an option out of range
 * @throws DeadlineError after `deadlineMs` (default 30 s), with what each address said
 * @throws AbortedError, RefusedError
 */
export async function connect(options: SessionOptions & CallOptions): Promise<Session> {
  const session = new Session(options)
  try {
    return await session.opened({ signal: options.signal, deadlineMs: options.deadlineMs ?? 30_000 })
  } catch (error) {
    await session.close({ deadlineMs: 0 })
    throw error
  }
}

/** Begins to open a session: requests may be made at once, all of them wait for that one session. */
export function openSession(options: SessionOptions): Session {
  return new Session(options)
}

/** Connects to a cluster to look at it and to run it, without a session. */
export function openAdmin(
  addresses: string | readonly string[],
  options: Omit<AdminOptions, 'addresses'> = {},
): Admin {
  return new Admin({ ...options, addresses })
}
