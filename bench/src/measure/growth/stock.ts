/** What a cluster is filled with, to see what it costs while nobody uses it. */
export const stockKinds = ['locks-held', 'sessions-idle', 'sequences-kept'] as const
export type StockKind = (typeof stockKinds)[number]

/** How much of each is in the cluster when it is looked at. */
export const stockCounts = {
  'locks-held': [1_000, 100_000, 1_000_000],
  'sessions-idle': [1_000, 10_000, 95_000],
  'sequences-kept': [1_000, 100_000, 1_000_000],
} as const satisfies Record<StockKind, readonly number[]>

export const quickStockCounts = {
  'locks-held': [20_000],
  'sessions-idle': [300],
  'sequences-kept': [5_000],
} as const satisfies Record<StockKind, readonly number[]>

/**
 * Makes numbers `from` up to, not including, `to` of one kind, and keeps them. `log-bytes` leaves nothing but that much
 * more log.
 */
export interface FillCommand {
  readonly stock: StockKind | 'log-bytes'
  readonly addresses: readonly string[]
  readonly namespace: string
  readonly from: number
  readonly to: number
  /** Of the sessions that are made; default: that of an application that does not choose. */
  readonly ttlMs?: number
}

export type FillAnswer = { readonly ok: true } | { readonly ok: false; readonly reason: string }
