import { type Command, Option } from 'commander'
import { type CommonOptions, Context } from './context.ts'
import { exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'
import { outputForms } from './output.ts'
import type { TextKey, Texts } from './texts/index.ts'

/** What the commands are built with. */
export interface Kit {
  readonly io: Io
  readonly texts: Texts
  /** What stood after `--` on the command line. */
  readonly afterDashes: readonly string[]
}

type HelpKey = Extract<TextKey, `help.${string}`>
type ArgumentKey = Extract<TextKey, `argument.${string}`>
type OptionKey = Extract<TextKey, `option.${string}`>

export interface LeafSpec {
  readonly name: string
  readonly help: HelpKey
  /** Name as commander writes it (`<name>`, `[name]`, `<names...>`) and its text. */
  readonly args?: readonly (readonly [string, ArgumentKey])[]
  /** Flags, text, and the default shown in help. */
  readonly options?: readonly (readonly [string, OptionKey, string?])[]
  /** Which of the shared options it takes: none, output only, those to reach nodes, or a namespace as well. */
  readonly shared: 'none' | 'output' | 'nodes' | 'namespace' | 'sessions'
  /** Command lines that work as they stand. */
  readonly examples: readonly [string, string, string, ...string[]]
  readonly exits: readonly (keyof typeof exitCodes | 'child')[]
}

/** A command that only groups others. */
export function group(kit: Kit, parent: Command, name: string, help: HelpKey): Command {
  const command = parent.command(name).description(kit.texts.get(help))
  command.helpOption('-h, --help', kit.texts.get('option.help'))
  return command.addHelpText('after', () => groupTail(kit, command))
}

/** A command that does something; `work` gets the shared things, its own options and its arguments. */
export function leaf<Options extends object, Args extends readonly unknown[]>(
  kit: Kit,
  parent: Command,
  spec: LeafSpec,
  work: (context: Context, options: Options, ...args: Args) => Promise<void>,
): Command {
  const { texts } = kit
  const command = parent.command(spec.name).description(texts.get(spec.help))
  command.helpOption('-h, --help', texts.get('option.help'))
  for (const [name, key] of spec.args ?? []) command.argument(name, texts.get(key))
  for (const [flags, key, shown] of spec.options ?? []) {
    command.addOption(new Option(flags, withDefault(texts.get(key), shown)))
  }
  addShared(kit, command, spec.shared)
  examplesOf.set(command, spec.examples)
  command.addHelpText('after', () => helpTail(kit, spec))
  command.action(async (...all: unknown[]) => {
    const options = command.opts<Options & CommonOptions>()
    const context = new Context(kit.io, texts, options)
    await work(context, options, ...(all.slice(0, -2) as unknown as Args))
  })
  return command
}

function addShared(kit: Kit, command: Command, shared: LeafSpec['shared']): void {
  const { texts } = kit
  const add = (flags: string, key: OptionKey, variable: string, shown?: string): void => {
    const text = withDefault(texts.get(key), shown)
    command.addOption(new Option(flags, `${text} [${variable}]`).helpGroup(texts.get('heading.connection')))
  }
  if (shared === 'none') return
  if (shared !== 'output') {
    add('-a, --addresses <list>', 'option.addresses', 'TRANCA_ADDRESSES')
    add('--ca <file>', 'option.ca', 'TRANCA_CA')
    add('--cert <file>', 'option.cert', 'TRANCA_CERT')
    add('--key <file>', 'option.key', 'TRANCA_KEY')
    add('--token-file <file>', 'option.tokenFile', 'TRANCA_TOKEN_FILE')
    add('--server-name <name>', 'option.serverName', 'TRANCA_SERVER_NAME')
    add('--timeout <duration>', 'option.timeout', 'TRANCA_TIMEOUT', '10s')
  }
  if (shared === 'namespace' || shared === 'sessions') {
    add('-n, --namespace <name>', 'option.namespace', 'TRANCA_NAMESPACE', 'production')
  }
  if (shared === 'sessions') add('--session-file <file>', 'option.sessionFile', 'TRANCA_SESSION_FILE')
  const forms = outputForms.join('|')
  add(`-o, --output <${forms}>`, 'option.output', 'TRANCA_OUTPUT', 'table')
}

function withDefault(text: string, shown: string | undefined): string {
  return shown === undefined ? text : `${text} (${shown})`
}

/** Examples by command, for the help of whatever is above it. */
const examplesOf = new WeakMap<Command, LeafSpec['examples']>()

function helpTail(kit: Kit, spec: LeafSpec): string {
  return [...exampleLines(kit, spec.examples), ...exitLines(kit, spec.exits)].join('\n')
}

/** A group shows examples of what it contains, and all exit codes. */
export function groupTail(kit: Kit, command: Command): string {
  const inside = command.commands.flatMap(leavesOf).map((each) => examplesOf.get(each) ?? [])
  const first = inside.flatMap((examples) => examples.slice(0, 1))
  const more = inside.flatMap((examples) => examples.slice(1))
  const shown = first.length >= EXAMPLES_MIN ? first : [...first, ...more].slice(0, EXAMPLES_MIN)
  const codes = Object.keys(exitCodes) as (keyof typeof exitCodes)[]
  return [...exampleLines(kit, shown.slice(0, EXAMPLES_MAX)), ...exitLines(kit, codes)].join('\n')
}

const EXAMPLES_MIN = 3
const EXAMPLES_MAX = 8

function leavesOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}

function exampleLines(kit: Kit, examples: readonly string[]): string[] {
  return ['', kit.texts.get('heading.examples'), ...examples.map((line) => `  ${line}`)]
}

function exitLines(kit: Kit, exits: LeafSpec['exits']): string[] {
  const lines = exits.map((name) => {
    const text = kit.texts.get(`exit.${name}` as TextKey)
    return name === 'child' ? `       ${text}` : `  ${String(exitCodes[name]).padStart(3)}  ${text}`
  })
  return ['', kit.texts.get('heading.exitCodes'), ...lines]
}
