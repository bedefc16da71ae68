/**
 * The seam to the key-value store that holds the ledger's rows: LevelDB in a node, `diskStores` in tests and
 * simulation. Keys are ordered by their UTF-8 bytes.
 */
export interface Stores {
  /** Opens a store and locks it against others. Throws LOCKED, or LEDGER_DAMAGED when it cannot be read. */
  open(path: string, options: { create: boolean }): Promise<Store>
  /** Removes a store that is closed. */
  remove(path: string): Promise<void>
  /** Opens it for looking only: what the path holds is not changed. */
  inspect(path: string): Promise<Store>
}

export type StoreOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: string }

export interface Store {
  get(key: string): Promise<Buffer | undefined>
  /** All or none; durable when resolved. */
  write(operations: readonly StoreOperation[]): Promise<void>
  /** The store as it is now, whatever is written later. */
  view(): StoreView
  close(): Promise<void>
}

export interface StoreView {
  get(key: string): Promise<Buffer | undefined>
  /** Keys from `from` up to but not including `to`, in pieces. */
  range(from: string, to: string): AsyncIterable<readonly (readonly [string, Buffer])[]>
  close(): Promise<void>
}
