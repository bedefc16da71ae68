import type { OperationName } from '@tranca/protocol'

/** What a client may do; each role may do all that the ones before it may. */
export const roles = ['monitor', 'client', 'admin'] as const

export type Role = (typeof roles)[number]

/**
 * The least role that each operation asks for: `monitor` looks, `client` does what an ERP server needs,
 * `admin` changes the cluster, the contract, or what belongs to others. An operation that is missing here
 * does not compile.
 */
const leastRoles: Readonly<Record<OperationName, Role>> = {
  // Judged by itself: it brings the credentials.
  hello: 'monitor',

  'session.open': 'client',
  'session.resume': 'client',
  'session.close': 'client',
  'session.get': 'monitor',
  'session.list': 'monitor',
  'owner.release': 'client',
  'request.cancel': 'client',

  'lock.acquire': 'client',
  'lock.release': 'client',
  'lock.get': 'monitor',
  'lock.list': 'monitor',
  'code.reserve': 'client',
  'code.release': 'client',
  'code.releaseAll': 'client',
  'code.list': 'monitor',

  'semaphore.set': 'client',
  'semaphore.delete': 'admin',
  'semaphore.acquire': 'client',
  'semaphore.release': 'client',
  'semaphore.get': 'monitor',
  'semaphore.list': 'monitor',

  'sequence.define': 'client',
  'sequence.next': 'client',
  'sequence.reserve': 'client',
  'sequence.confirm': 'client',
  'sequence.rollback': 'client',
  'sequence.ensureAtLeast': 'client',
  // A counter set by hand may give a number twice, or leave a hole that nobody knows.
  'sequence.set': 'admin',
  'sequence.gap': 'client',
  'sequence.get': 'monitor',
  'sequence.list': 'monitor',
  'sequence.gaps': 'monitor',

  'license.checkout': 'client',
  'license.checkin': 'client',
  'license.renew': 'client',
  'license.metric': 'client',
  'license.pool': 'client',
  'license.poolTake': 'client',
  'license.poolGive': 'client',
  'license.borrow': 'client',
  'license.returnBorrowed': 'client',
  'license.borrowToken': 'client',
  bundle: 'client',
  'license.assign': 'admin',
  'license.unassign': 'admin',
  'license.forceRelease': 'admin',
  'license.rules': 'admin',
  'license.list': 'monitor',
  'license.grants': 'monitor',
  'license.explain': 'monitor',
  'license.usage': 'monitor',
  'license.denials': 'monitor',
  'license.validity': 'monitor',
  'license.rulesGet': 'monitor',
  'license.borrowed': 'monitor',

  status: 'monitor',
  health: 'monitor',
  'watch.start': 'monitor',
  'watch.stop': 'monitor',

  'member.list': 'monitor',
  'member.add': 'admin',
  'member.promote': 'admin',
  'member.remove': 'admin',
  'member.drain': 'admin',
  'member.undrain': 'admin',
  'leader.transfer': 'admin',

  'key.install': 'admin',
  'key.show': 'monitor',
  'key.history': 'monitor',
}

const ranks: Readonly<Record<Role, number>> = { monitor: 0, client: 1, admin: 2 }

/** The role that is missing, or undefined if `role` may do the operation. */
export function missingRole(role: Role, operation: OperationName): Role | undefined {
  const least = leastRoles[operation]
  return ranks[role] >= ranks[least] ? undefined : least
}
