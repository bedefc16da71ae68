import { limits } from '../limits.ts'

/** digest = index(6) digest(ASCII) */
export function encodeDigest(index: number, digest: string): Buffer {
  const out = Buffer.alloc(6 + digest.length)
  out.writeUIntBE(index, 0, 6)
  out.write(digest, 6, 'latin1')
  return out
}

export function decodeDigest(bytes: Buffer): [index: number, digest: string] {
  if (bytes.length < 7 || bytes.length > 134) throw new RangeError(`digest of ${bytes.length} bytes`)
  return [bytes.readUIntBE(0, 6), bytes.toString('latin1', 6)]
}

/** What a comparison of ledgers found. */
export type DigestVerdict =
  | { readonly kind: 'agree' }
  /** Others differ from this node, but too few to say who is wrong. */
  | { readonly kind: 'disagree'; readonly index: number; readonly with: number }
  /** More members agree on another ledger than on this node's: this one is wrong. */
  | { readonly kind: 'wrong'; readonly index: number; readonly digest: string; readonly theirs: string }

/**
 * Digests of the ledger at the same index, from this node and the others (docs/architecture.md, "What is on
 * disk"). All members checkpoint at the same indexes, so equal logs must give equal digests.
 */
export class Digests {
  readonly #own = new Map<number, string>()
  readonly #others = new Map<number, Map<number, string>>()

  own(index: number, digest: string): DigestVerdict {
    this.#own.set(index, digest)
    trim(this.#own)
    return this.#compare(index)
  }

  other(member: number, index: number, digest: string): DigestVerdict {
    let known = this.#others.get(index)
    if (!known) {
      known = new Map()
      this.#others.set(index, known)
      trim(this.#others)
    }
    known.set(member, digest)
    return this.#compare(index)
  }

  /** The newest of this node. */
  latest(): { index: number; digest: string } | undefined {
    const last = [...this.#own].at(-1)
    return last && { index: last[0], digest: last[1] }
  }

  #compare(index: number): DigestVerdict {
    const digest = this.#own.get(index)
    const others = this.#others.get(index)
    if (digest === undefined || others === undefined) return { kind: 'agree' }
    const votes = new Map<string, number>([[digest, 1]])
    let differing = 0
    for (const [member, theirs] of others) {
      votes.set(theirs, (votes.get(theirs) ?? 0) + 1)
      if (theirs !== digest) differing = member
    }
    if (differing === 0) return { kind: 'agree' }
    for (const [theirs, count] of votes) {
      if (theirs !== digest && count > votes.get(digest)!) return { kind: 'wrong', index, digest, theirs }
    }
    return { kind: 'disagree', index, with: differing }
  }
}

/** Maps keep the order of insertion: the oldest goes first. */
function trim(map: Map<number, unknown>): void {
  while (map.size > limits.digestsMax) map.delete(map.keys().next().value as number)
}
