import type { PeerWork } from './peer.ts'

/** One work that is done in turns by Tranca and its peers. */
export interface PeerRow {
  /** `lock/64` */
  readonly id: string
  readonly title: string
  readonly work: PeerWork
  readonly clients: number
}

const titles = {
  lock: 'lock pairs',
  sequence: 'sequence steps',
  'hand-over': 'hand-over of one lock',
} as const satisfies Record<PeerWork, string>

const counts = {
  lock: [1, 64, 256],
  sequence: [1, 64],
  'hand-over': [16],
} as const satisfies Record<PeerWork, readonly number[]>

/** In the order in which they are measured. */
export const peerRows: readonly PeerRow[] = (['lock', 'sequence', 'hand-over'] as const).flatMap((work) =>
  counts[work].map((clients) => ({ id: `${work}/${clients}`, title: titles[work], work, clients })),
)
