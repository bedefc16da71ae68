import { crashEverywhere, crashScenarios } from './crashes.ts'
import { type Density, damageKinds, everything } from './damages.ts'
import { imageNames } from './image.ts'
import { levelImages, sweepLevel } from './level.ts'
import { sweep } from './sweep.ts'
import type { Tally } from './verdict.ts'

export interface Effort {
  /** About one in so many cases of each kind is tried; 1 tries all. */
  readonly oneIn: number
  /** Picks the cases, and how a crash tears writes. */
  readonly seed: number
}

/** A piece of the whole sweep that can run beside the others. */
export interface Part {
  readonly name: string
  readonly run: (effort: Effort) => Promise<Tally>
}

function densityOf(oneIn: number): Density {
  if (oneIn === 1) return everything
  return { used: oneIn, empty: 70 * oneIn + 1, lengths: 13 * oneIn + 2, moments: oneIn }
}

/** All parts, those that take longest first. */
export const parts: readonly Part[] = [
  ...levelImages.map((image) => ({
    name: `level/${image}`,
    run: ({ oneIn, seed }: Effort) => sweepLevel(image, oneIn === 1 ? 1 : 13 * oneIn + 1, seed),
  })),
  ...damageKinds.flatMap((kind) =>
    // What was reset a moment ago has no earlier copies.
    imageNames
      .filter((image) => kind !== 'older' || image !== 'rejoin-marker')
      .map((image) => ({
        name: `${kind}/${image}`,
        run: ({ oneIn, seed }: Effort) => sweep({ image, kind, density: densityOf(oneIn), seed }),
      })),
  ),
  ...crashScenarios.map((scenario) => ({
    name: `crash/${scenario}`,
    run: ({ oneIn, seed }: Effort) =>
      crashEverywhere(scenario, { variants: Math.max(2, Math.floor(40 / oneIn ** 2)), seed }),
  })),
]
