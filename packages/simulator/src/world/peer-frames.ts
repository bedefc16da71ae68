import type { Random } from '../random.ts'

/** How often a message of Raft is lost, doubled or late, and by how much at most. */
export interface FrameFaults {
  lose: number
  double: number
  delay: number
  delayMs: number
}

// frame = length(4, of what follows) kind(1) body, see packages/node/src/peers/frames.ts.
const headSize = 5
const raftKind = 3

/**
 * Raft promises to stand lost, doubled, late and overtaken messages; the other frames between members rest on
 * their order. So only writes that are Raft messages from end to end are meddled with.
 *
 * @returns what leaves instead, or undefined: nothing is changed
 */
export function meddle(
  bytes: Buffer,
  faults: FrameFaults,
  random: Random,
): { bytes: Buffer; lateMs: number }[] | undefined {
  if (faults.lose + faults.double + faults.delay === 0) return undefined
  const frames: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < headSize || bytes[at + 4] !== raftKind) return undefined
    const end = at + 4 + bytes.readUInt32BE(at)
    frames.push(bytes.subarray(at, end))
    at = end
  }
  const out: { bytes: Buffer; lateMs: number }[] = []
  for (const frame of frames) {
    if (random.chance(faults.lose)) continue
    const lateMs = random.chance(faults.delay) ? random.between(0.01, faults.delayMs) : 0
    out.push({ bytes: frame, lateMs })
    if (random.chance(faults.double)) out.push({ bytes: frame, lateMs: random.between(0.01, faults.delayMs) })
  }
  return out
}
