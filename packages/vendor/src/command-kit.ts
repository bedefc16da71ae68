import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { type ExitName, exitCodes, exitTexts } from './exit-codes.ts'
import type { Io } from './io.ts'

/** What a command's work gets beside its options. */
export interface Desk {
  readonly io: Io
  /** One JSON document on stdout, and nothing for people. */
  readonly json: boolean
  readonly nowMs: number
}

/** Options that several commands share, with the variables that stand in for them. */
const shared = {
  register: ['--register <file>', "the vendor's register", 'TRANCA_VENDOR_REGISTER', 'tranca-register.json'],
  privateKey: ['--private-key <file>', 'the private key', 'TRANCA_VENDOR_PRIVATE_KEY', 'vendor-private.pem'],
  catalog: ['--catalog <file>', 'the catalog', 'TRANCA_VENDOR_CATALOG', 'the sample that comes along'],
} as const

export type SharedName = keyof typeof shared

export interface Shared {
  readonly register: string
  readonly privateKey: string
  readonly catalog: string
}

/** The sample catalog of this package. */
export const sampleCatalog = fileURLToPath(new URL('../../catalog.json', import.meta.url))

const defaults: Shared = {
  register: shared.register[3],
  privateKey: shared.privateKey[3],
  catalog: sampleCatalog,
}

export interface LeafSpec {
  readonly name: string
  readonly about: string
  readonly shared: readonly SharedName[]
  /** Flags and text, required or not. */
  readonly required?: readonly (readonly [string, string])[]
  readonly options?: readonly (readonly [string, string])[]
  /** Command lines that work as they stand. */
  readonly examples: readonly [string, string, string, ...string[]]
  readonly exits: readonly ExitName[]
}

/** A command that does something. `Options` are its own; the shared ones come filled in. */
export function leaf<Options extends object>(
  io: Io,
  parent: Command,
  spec: LeafSpec,
  work: (desk: Desk, options: Options & Shared) => void,
): void {
  const command = parent.command(spec.name).description(spec.about).helpOption('-h, --help', HELP_ABOUT)
  for (const [flags, about] of spec.required ?? []) command.requiredOption(flags, about)
  for (const [flags, about] of spec.options ?? []) command.option(flags, about)
  for (const name of spec.shared) {
    const [flags, about, variable, shown] = shared[name]
    command.option(flags, `${about} (${shown}) [${variable}]`)
  }
  command.option('--json', 'one JSON document on stdout, errors as JSON on stderr [TRANCA_VENDOR_JSON=1]')
  command.addHelpText('after', () => helpTail(spec.examples, spec.exits))
  command.action(() => {
    const given = command.opts<Options & Partial<Shared> & { json?: boolean }>()
    const json = given.json === true || io.env.TRANCA_VENDOR_JSON === '1'
    const filled: Shared = {
      register: given.register ?? io.env[shared.register[2]] ?? defaults.register,
      privateKey: given.privateKey ?? io.env[shared.privateKey[2]] ?? defaults.privateKey,
      catalog: given.catalog ?? io.env[shared.catalog[2]] ?? defaults.catalog,
    }
    work({ io, json, nowMs: io.now() }, { ...given, ...filled })
  })
}

export const HELP_ABOUT = 'show this help'

export function helpTail(examples: readonly string[], exits: readonly ExitName[]): string {
  return [
    '',
    'Examples:',
    ...examples.map((line) => `  ${line}`),
    '',
    'Exit codes:',
    ...exits.map((name) => `  ${exitCodes[name]}  ${exitTexts[name]}`),
  ].join('\n')
}

/** Data for programs, or the same for people. */
export function show(desk: Desk, data: unknown, people: () => string): void {
  desk.io.stdout.write(desk.json ? `${JSON.stringify(data, null, 2)}\n` : people())
}

/** Talk, which programs do not get. */
export function say(desk: Desk, text: string): void {
  if (!desk.json) desk.io.stderr.write(`${text}\n`)
}
