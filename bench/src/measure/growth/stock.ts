/** What a cluster is filled with, to see what it costs while nobody uses it. */
export const stockKinds = ['locks-held', 'sessions-idle', 'sequences-kept'] as const
export type StockKind = (typeof stockKinds)[number]

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
