import type { Deed } from './deed.ts'
import { codes, lock, manyLocks, permits, reenter, tryLock } from './holding.ts'
import { askOnly, bundle, cores, lease, license } from './licensing.ts'
import { block, confirm, next, reserve } from './numbering.ts'
import { closeSession, look, releaseOwner } from './sundry.ts'

/** What users do; what stands there several times is done more often. */
export const deeds: readonly Deed[] = [
  lock,
  lock,
  tryLock,
  manyLocks,
  reenter,
  permits,
  codes,
  next,
  next,
  block,
  confirm,
  confirm,
  reserve,
  license,
  license,
  license,
  cores,
  askOnly,
  lease,
  bundle,
  look,
  releaseOwner,
  closeSession,
]
