import { z } from 'zod'
import { parseAddress } from '../environment/transport.ts'
import { limits } from '../limits.ts'
import { roles } from '../security/roles.ts'
import { complaintAboutUrl } from './validation-url.ts'

const address = z.string().superRefine((text, context) => {
  try {
    parseAddress(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
})

const name = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected letters, digits, dot, dash or underscore')

const member = z.strictObject({
  /** The member's number in the log. Never used again for another machine. */
  id: z.int().min(1).max(0xffff),
  name,
  /** Where other members reach it. */
  peer: address,
  /** Where clients reach it. */
  client: address,
})

const validation = z
  .strictObject({
    /** `https:`, or `http:` to a loopback address; without credentials. */
    url: z.string(),
    /** Time from one validation to the next. */
    everyHours: z.int().min(1).max(168).default(24),
    /** Time from a failure to the next attempt. */
    retryMinutes: z.int().min(1).max(1_440).default(60),
    timeoutMs: z.int().min(100).max(60_000).default(10_000),
    /** Whether sums of what was used, by product and day, go with it. */
    sendUsage: z.boolean().default(false),
  })
  // The complaint is about the whole, whose value is not quoted: the address may hold a secret.
  .superRefine(({ url }, context) => {
    const message = complaintAboutUrl(url)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

const credentials = {
  /** File with the certificates (PEM) of the authorities that this node believes; relative to the configuration file. */
  ca: z.string().min(1),
  /** File with the node's own certificate (PEM). */
  cert: z.string().min(1),
  /** File with its private key (PEM, mode 0600). */
  key: z.string().min(1),
}

const token = z
  .strictObject({
    /** Who shows it. Two entries of one name let a token be changed while both are good. */
    name,
    role: z.enum(roles),
    /** SHA-256 of the token, hexadecimal: enough, because tokens are long and random. The token itself is nowhere. */
    sha256: z.string(),
  })
  // The complaint is about the whole, whose value is not quoted: the token may stand where its hash should.
  .refine(
    ({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256),
    'sha256: expected 64 hexadecimal digits in lower case',
  )

/** One node's configuration file. Every field that is not named has the default given here. */
export const configSchema = z.strictObject({
  /** Name of the cluster: nodes of another cluster are refused. */
  cluster: name,
  /** This node's id in `members`, or of a member that is added later. */
  id: z.int().min(1).max(0xffff),
  /** Directory of this node's data; relative to the configuration file. */
  data: z.string().min(1),
  /** The members of a new cluster, or where to find the running one. */
  members: z.array(member).min(1).max(limits.membersMax),
  listen: z
    .strictObject({
      /** Default: this member's own addresses in `members`. */
      client: address.optional(),
      peer: address.optional(),
      /** Health and metrics over HTTP. Absent: none. */
      admin: address.optional(),
    })
    .default({}),
  /** Allows listeners beyond loopback without TLS. Said in so many words or not at all. */
  insecure: z.boolean().default(false),
  /** TLS 1.3 for members, clients and the admin port. Absent: plain TCP, and only on loopback. */
  tls: z
    .strictObject({
      ...credentials,
      /** Other files for what clients meet, such as a certificate that their systems know already. */
      client: z.strictObject(credentials).optional(),
      /** Other files for the admin port. */
      admin: z.strictObject(credentials).optional(),
    })
    .optional(),
  /** Who may come in, besides those with a certificate of `tls.ca`. */
  access: z
    .strictObject({
      tokens: z.array(token).max(limits.tokensMax).default([]),
      /** Serial numbers (hexadecimal) of certificates that count no longer. */
      revoked: z
        .array(z.string().regex(/^[0-9A-Fa-f:]{1,64}$/, 'expected a serial number in hexadecimal'))
        .max(limits.revokedMax)
        .default([]),
    })
    .default({ tokens: [], revoked: [] }),
  timing: z
    .strictObject({
      /** The leader's sign of life to its followers. */
      heartbeatMs: z.int().min(5).max(10_000).default(50),
      /** Silence of the leader after which a follower stands for election: from this to twice this. */
      electionMs: z.int().min(25).max(60_000).default(500),
    })
    .default({ heartbeatMs: 50, electionMs: 500 }),
  checkpoint: z
    .strictObject({
      /** A checkpoint of the ledger is written after this many log entries, or bytes of them. */
      entries: z.int().min(1).max(1_000_000).default(10_000),
      size: z
        .int()
        .min(4096)
        .max(1 << 30)
        .default(8 * 1024 * 1024),
      /** Log kept behind the checkpoint for members that are a little behind. */
      keepSize: z
        .int()
        .min(0)
        .max(1 << 30)
        .default(32 * 1024 * 1024),
    })
    .default({ entries: 10_000, size: 8 * 1024 * 1024, keepSize: 32 * 1024 * 1024 }),
  storage: z
    .strictObject({
      /** Bytes of a log segment. A disk needs room for four, besides the ledger; an entry of 1 MiB must fit. */
      segmentSize: z
        .int()
        .min(2 * 1024 * 1024)
        .max(256 * 1024 * 1024)
        .multipleOf(4096)
        .default(16 * 1024 * 1024),
    })
    .default({ segmentSize: 16 * 1024 * 1024 }),
  reads: z
    .strictObject({
      /** `safe`: a quorum confirms each round of reads. `lease`: rests on clocks that drift little. */
      mode: z.enum(['safe', 'lease']).default('safe'),
    })
    .default({ mode: 'safe' }),
  /** License keys. Absent: none can be installed through this node. */
  license: z
    .strictObject({
      /** File with the vendor's public key (PEM), which key files are verified with; relative to the configuration file. */
      vendorPublicKey: z.string().min(1),
      /**
       * File with the installation's own private key (PEM, mode 0600), which tokens of borrowed units are signed
       * with: the same on all members. Absent: no tokens. Relative to the configuration file.
       */
      borrowKey: z.string().min(1).optional(),
      /** Only keys for this installation are accepted. Default: the first key that is installed decides. */
      installationId: name.optional(),
      /** Asks the vendor once a day whether the key is good. Absent: never. */
      validation: validation.optional(),
    })
    .optional(),
  log: z
    .strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info') })
    .default({ level: 'info' }),
})

export type Config = z.infer<typeof configSchema>
export type MemberConfig = z.infer<typeof member>
