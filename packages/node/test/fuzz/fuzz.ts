import type { Buffer } from 'node:buffer'
import { readCorpus } from './corpus.ts'
import { mutate, randomFrom } from './mutate.ts'
import type { Target } from './target.ts'

export interface Crash {
  readonly bytes: Buffer
  /** The corpus file, or the number of the run. */
  readonly origin: string
  readonly text: string
}

export interface FuzzResult {
  readonly runs: number
  /** Runs whose bytes were taken for good. */
  readonly accepted: number
  readonly crashes: readonly Crash[]
}

/** No input of at most 64 KiB may keep a node busy for longer, on however slow a machine. */
const slowMs = 2_000
/** Heap that may be in use above the beginning, looked at now and then. */
const heapGrowthMax = 256 * 1024 * 1024
const lookEvery = 5_000
const crashesMax = 5

/** Feeds the corpus as it is, then mutations of it and of good samples, until `more` says no. */
export async function fuzz(
  target: Target,
  options: { seed: number; more: (runs: number) => boolean },
): Promise<FuzzResult> {
  const random = randomFrom(options.seed)
  const corpus = readCorpus(target.name)
  const samples = await target.samples()
  const pool = [...samples, ...corpus.values()]
  const crashes: Crash[] = []
  let runs = 0
  let accepted = 0
  const heapBefore = process.memoryUsage().heapUsed
  const feed = async (bytes: Buffer, origin: string): Promise<void> => {
    runs++
    const startedMs = performance.now()
    let text: string | undefined
    try {
      await target.feed(bytes)
      accepted++
    } catch (error) {
      if (!target.isExpected(error))
        text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    }
    const tookMs = performance.now() - startedMs
    if (tookMs > slowMs) text = `${tookMs.toFixed(0)} ms`
    if (text !== undefined) crashes.push({ bytes, origin, text })
  }
  for (const [i, bytes] of samples.entries()) await feed(bytes, `sample ${i}`)
  for (const [name, bytes] of corpus) await feed(bytes, name)
  for (let run = 0; crashes.length < crashesMax && options.more(run); run++) {
    const sample = pool[random(pool.length)]!
    const other = pool[random(pool.length)]!
    await feed(mutate(sample, other, random), `seed ${options.seed}, run ${run}`)
    if (run % lookEvery !== lookEvery - 1) continue
    // A turn for others, and for the collector.
    await new Promise((resolve) => setImmediate(resolve))
    const grown = process.memoryUsage().heapUsed - heapBefore
    if (grown > heapGrowthMax)
      throw new Error(`${target.name}: the heap grew by ${grown} bytes in ${run} runs`)
  }
  return { runs, accepted, crashes }
}
