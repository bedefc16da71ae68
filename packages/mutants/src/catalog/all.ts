import type { Mutant } from '../mutant.ts'
import { clientMutants } from './client.ts'
import { ledgerMutants } from './ledger.ts'
import { nodeMutants } from './node.ts'
import { raftMutants } from './raft.ts'
import { storageMutants } from './storage.ts'

export const mutants: readonly Mutant[] = [
  ...raftMutants,
  ...ledgerMutants,
  ...nodeMutants,
  ...storageMutants,
  ...clientMutants,
]
