import type { Operation } from '../operation.ts'

/** What a text that should be a history turned out to be. */
export type Parsed =
  | { readonly ok: true; readonly operations: readonly Operation[] }
  /** The first line that does not fit, counted from 1, and what should have stood there. */
  | { readonly ok: false; readonly line: number; readonly expected: string }
