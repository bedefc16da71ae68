import type { WorkName } from '../job.ts'
import { handOver } from './hand-over.ts'
import { license, licenseHot, stateless } from './license.ts'
import { lock } from './lock.ts'
import { read } from './read.ts'
import { request, requestBeside, requestLicensed } from './request.ts'
import { gapless, hundred, sequence } from './sequence.ts'
import type { Work } from './work.ts'

/** Works by name; each call makes a new one. */
export const works: Readonly<Record<WorkName, () => Work>> = {
  lock: () => lock,
  sequence: () => sequence,
  gapless: () => gapless,
  read: () => read,
  hundred: () => hundred,
  'hand-over': handOver,
  license: () => license,
  'license-hot': () => licenseHot,
  stateless: () => stateless,
  request: () => request,
  'request-licensed': () => requestLicensed,
  'request-beside': () => requestBeside,
}
