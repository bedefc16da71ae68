import { Packr } from 'msgpackr'
import { z } from 'zod'
import { limits } from '../limits.ts'

const packr = new Packr({ useRecords: false, variableMapSize: true })

/** Version of what members say to each other. Another version is refused in plain words. */
export const PEER_VERSION = 1

/**
 * What a node says of itself when it meets another member.
 * `standing`: `new` has an empty directory and belongs to nothing yet; `joining` has lost what it
 * had, or was never there: it stores and acknowledges, but gives no vote until it is promoted;
 * `member` has its data.
 */
export const helloSchema = z.object({
  version: z.literal(PEER_VERSION),
  cluster: z.string().max(64),
  id: z.int().min(1),
  name: z.string().max(64),
  peer: z.string().max(300),
  client: z.string().max(300),
  standing: z.enum(['new', 'joining', 'member']),
  /** How often this node has started, this time included. */
  starts: z.int().min(0),
  /** Random for each start of the process. */
  run: z.string().max(64),
  /** Index of the last durable entry of its log. */
  lastIndex: z.int().min(0),
  /** Digest of the members that the configuration names: founders must agree on them. */
  founders: z.string().max(64),
  /** The voters as of the last entry that it has applied; absent if it belongs to nothing. */
  electorate: z
    .object({ index: z.int().min(0), voters: z.array(z.int().min(1)).max(limits.membersMax).readonly() })
    .optional(),
})

export type Hello = z.infer<typeof helloSchema>

const memorySchema = z.object({
  starts: z.int().min(0),
  /** Empty where it is not known. */
  run: z.string().max(64),
  /** The node had acknowledged all entries up to here, and they are committed. */
  lastIndex: z.int().min(0),
  /**
   * The one that remembers founded the cluster having met the node, in this very run: all founders but itself, by
   * number and run. Else empty.
   */
  founders: z.array(z.tuple([z.int().min(1), z.string().max(64)])).max(limits.membersMax),
})

/** What the other one remembers of the node that greets it (docs/architecture.md, "What is on disk"). */
export type Memory = z.infer<typeof memorySchema>

export const welcomeSchema = z.object({ self: helloSchema, memory: memorySchema })

export type Welcome = z.infer<typeof welcomeSchema>

export function encodeGreeting(greeting: Hello | Welcome): Buffer {
  return packr.pack(greeting)
}

/** @throws on anything that is not a hello of this version */
export function decodeHello(bytes: Uint8Array): Hello {
  return helloSchema.parse(unpack(bytes))
}

export function decodeWelcome(bytes: Uint8Array): Welcome {
  return welcomeSchema.parse(unpack(bytes))
}

/** What msgpackr throws on hostile bytes may be any error, a TypeError among them. */
function unpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes)
  } catch (cause) {
    throw new RangeError(`a greeting of ${bytes.length} bytes cannot be read`, { cause })
  }
}
