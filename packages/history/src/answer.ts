import type { Contradiction } from './model.ts'

/** Whether the history of one object has a possible order, and how many moves it took to find out. */
export type Answer =
  | { readonly kind: 'possible'; readonly moves: number }
  | { readonly kind: 'undecided'; readonly moves: number }
  | {
      readonly kind: 'impossible'
      readonly moves: number
      readonly contradiction: Contradiction
      /** When the answer came that cannot be. */
      readonly returnNs?: number
    }
