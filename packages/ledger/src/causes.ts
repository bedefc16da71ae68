/** Why the ledger refused: the closed list. Texts for people belong to the client, by cause. */
export type Cause =
  // sessions and exactly-once
  | 'sessionUnknown'
  | 'staleGeneration'
  | 'staleRequest'
  | 'tooManyOutstanding'
  | 'badKey'
  | 'sessionsExceeded'
  // waiting
  | 'held'
  | 'timeout'
  | 'canceled'
  | 'deadlock'
  | 'lockDelay'
  | 'queueFull'
  | 'namesExceeded'
  // mutexes and codes
  | 'notHolder'
  | 'upgrade'
  | 'codesExceeded'
  | 'codeHeld'
  // semaphores
  | 'permitsExceedTotal'
  | 'unknownSemaphore'
  | 'noPermits'
  // sequences
  | 'unknownSequence'
  | 'wrongKind'
  | 'badSeed'
  | 'overflow'
  | 'reservationLost'
  | 'notReserved'
  | 'notFree'
  | 'badReason'
  | 'definitionDiffers'
  | 'backwards'
  // anything
  | 'invalid'
