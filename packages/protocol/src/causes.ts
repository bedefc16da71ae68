/** Why the ledger refused: the same words as in the ledger's own list. */
export const ledgerCauses = {
  sessionUnknown: 'There is no such session: it was closed, has expired, or never was.',
  staleGeneration: 'The session was resumed on another connection since. `{}`',
  staleRequest: 'The id is not larger than an id that was answered and acknowledged before. `{}`',
  tooManyOutstanding: 'Too many answers wait to be acknowledged. Nothing was done.',
  badKey: "The key is not the session's.",
  held: 'A try found a name held. `{name, holders, queued}`',
  timeout: 'The wait ended. `{name, holders, queued}`',
  canceled: 'The waiting request was canceled, or its owner was released.',
  deadlock:
    'The request was chosen as the victim of a deadlock. `{cycle: [{session, owner, name}]}`; who waits for a unit of a license has `product` too, and its refusal all that a license refusal tells.',
  lockDelay: 'The last holder died, and the lock-delay still runs. `{name, remainingMs}`',
  notHolder: 'The owner does not hold the name, or the token is not its own. `{name, holders}`',
  upgrade: 'A shared holder asked for exclusive while others share.',
  codesExceeded: 'The session holds as many codes as it may. `{max}`',
  codeHeld: 'Another owner has the code. `{code, holder}`',
  permitsExceedTotal: 'More permits than the semaphore has in all.',
  unknownSemaphore: 'There is no such semaphore, and the request did not say how large it would be.',
  noPermits: 'Too few permits are free. `{name, total, used, holders}`',
  unknownSequence: 'There is no such sequence, and the request brought no definition.',
  wrongKind: 'The operation is for the other kind of sequence.',
  badSeed: "A value does not fit the sequence's digits or width.",
  overflow: 'The sequence has no value left. `{name, last, width}`',
  reservationLost: 'The reservation ended before its confirmation.',
  notReserved: 'The owner has no such reservation.',
  notFree: 'Not all numbers of the range are free.',
  badReason: 'The reason has fewer than 15 or more than 255 characters.',
  definitionDiffers: 'The sequence exists with another definition. `{field, have, want}`',
  backwards: 'The counter is already beyond the value.',
  queueFull: 'Too many requests wait for the name.',
  namesExceeded: 'The cluster holds as many names as it may.',
  sessionsExceeded: 'The cluster holds as many sessions as it may.',
  exhausted: 'All units in force are in use.',
  notInContract: 'No installed key has any of the products.',
  notDistributed: 'The contract has units, but none for this type of installation.',
  notLicensed: 'The feature is not enabled.',
  expired: 'The key, or the borrowed unit, is beyond its validity.',
  restricted: 'The key failed its integrity check.',
  overMax: 'A MAX rule allows no more.',
  reservedForOthers: 'The units that are left are reserved for others.',
  metricExceeded: 'The measured quantity is over its limit.',
  coolDown: 'The unit was taken back by force a moment ago.',
  excluded: 'An INCLUDE or EXCLUDE rule shuts the asker out.',
  unknownFeature: 'No installed key knows the feature.',
  unknownProduct: 'No installed key knows the product.',
  unknownGrant: 'There is no such grant.',
  unknownBorrow: 'There is no such borrowed unit.',
  wrongNature: "The operation does not go with the product's nature.",
  borrowExceeded: 'No more units may be borrowed.',
  versionDiffers: 'What was read has been changed since by another.',
  keyOlder: 'The key is older than one that is installed.',
  keyForOther: 'The key is for another installation.',
  keyExpired: 'The key is beyond its validity, or for another day.',
  keyDamaged: 'The key or its signature is damaged.',
  keyReplayed: 'The key was used before.',
  emergencyExceeded: 'The quota of emergency keys is used up.',
  invalid: 'A field has a value that the operation cannot take. `{field, value, expected}`',
} as const

/** Why the node refused, before the ledger saw the request. */
export const nodeCauses = {
  notLeader: 'Another node leads. `{leader?: {node, address}}`',
  noLeader: 'No node is known to lead at the moment: ask again soon.',
  unknownOperation: 'The node does not know the operation code: it is older than the client. `{op}`',
  malformed: 'The request cannot be read. `{field, value, expected}`',
  unsupportedVersion: "The two ends share no version. `{min, max}` are the node's own.",
  noSession: 'The command needs a session, and this connection has neither opened nor resumed one.',
  helloFirst: 'The first frame of a connection must be hello.',
  draining: 'The node is being drained and takes no new work.',
  busy: 'A queue of the node is full: ask again soon.',
  uncertain: 'Leadership was lost while the request was on its way: send it again with the same id.',
  denied: 'The client may not do this.',
  answerTooLarge: 'The answer does not fit into a frame: ask for a smaller page. `{size, max}`',
  compacted: 'The events asked for are gone. `{oldest}` is the first revision that can be had.',
  unknownWatch: 'There is no such watch on this connection.',
  unknownMember: 'There is no such member. `{id}`',
  memberExists: 'The id or the name is taken by another member. `{id, name}`',
  notCaughtUp: 'The learner lags too far behind to become a voter. `{id, lag}`',
  lastVoter: 'The last voter can be neither removed nor drained.',
  changePending: 'Another change of members is still on its way.',
  noVendorKey: "The node's configuration names no vendor's key, so no license key can be verified.",
  noBorrowKey: "The node's configuration names no key of the installation, so no borrow token can be signed.",
  keyOtherVendor: 'The license key was signed by another vendor. `{field, value, expected}`',
  keyUnknownFormat:
    'The license key has a format that this version does not know. `{field, value, expected}`',
  keyInvalid: 'A field of the license key breaks a rule. `{field, value, expected}`',
  transferFailed: 'Leadership did not move in time. `{to}`',
} as const

/** What a client library says by itself: never on the wire. */
export const clientCauses = {
  sessionLost: 'The session can no longer be guaranteed; all that it held counts as lost.',
  aborted: 'The caller gave up.',
  deadline: 'No answer came in time. It is not known whether the request was done.',
  closed: 'The client was closed.',
  unreachable: 'No address answered.',
  outstandingExceeded: 'Too many requests wait for their answers.',
  badAnswer: 'The node sent bytes that cannot be read.',
} as const

export const causes = { ...ledgerCauses, ...nodeCauses, ...clientCauses } as const

export type LedgerCause = keyof typeof ledgerCauses
export type NodeCause = keyof typeof nodeCauses
export type ClientCause = keyof typeof clientCauses
/** All words that a refusal may carry. A newer node may know more: readers keep unknown ones as text. */
export type Cause = keyof typeof causes
