import { Command, Option } from 'commander'
import { groupTail, type Kit } from './command-kit.ts'
import { addAudit } from './commands/audit.ts'
import { addCert } from './commands/cert.ts'
import { addCompletion } from './commands/completion.ts'
import { addDev } from './commands/dev.ts'
import { addHealth } from './commands/health.ts'
import { addKey } from './commands/key.ts'
import { addLicense } from './commands/license.ts'
import { addLock } from './commands/lock.ts'
import { addLeadership, addMember } from './commands/member.ts'
import { addNode } from './commands/node.ts'
import { addSemaphore } from './commands/semaphore.ts'
import { addSequence } from './commands/sequence.ts'
import { addSession } from './commands/session.ts'
import { addStatus } from './commands/status.ts'
import { addToken } from './commands/token.ts'
import { addVerify } from './commands/verify.ts'
import { addWatch } from './commands/watch.ts'
import type { Io } from './io.ts'
import { languages, type TextKey, Texts } from './texts/index.ts'
import { version } from './version.ts'

export interface ProgramOptions {
  /** What stood after `--`: the command of `lock run`. */
  readonly afterDashes?: readonly string[]
  readonly texts?: Texts
}

/** Builds a fresh program: nothing of it is shared with another one. It throws where others would exit. */
export function createProgram(io: Io, options: ProgramOptions = {}): Command {
  const texts = options.texts ?? new Texts('en')
  const kit: Kit = { io, texts, afterDashes: options.afterDashes ?? [] }
  const program = new Command('tranca')
  program
    .description(texts.get('program.about'))
    .version(version, '-V, --version', texts.get('option.version'))
    .helpOption('-h, --help', texts.get('option.help'))
    .helpCommand(false)
    .addOption(new Option('--lang <language>', texts.get('option.lang')).choices(languages))
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      // Nothing here is colored; NO_COLOR is kept by never asking.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ styleTitle: (title) => translated(texts, title), showGlobalOptions: false })

  program.commandsGroup(texts.get('group.cluster'))
  addStatus(kit, program)
  addHealth(kit, program)
  addLeadership(kit, program)
  addMember(kit, program)
  program.commandsGroup(texts.get('group.coordination'))
  addLock(kit, program)
  addSemaphore(kit, program)
  addSequence(kit, program)
  addLicense(kit, program)
  addKey(kit, program)
  addSession(kit, program)
  addWatch(kit, program)
  program.commandsGroup(texts.get('group.nodes'))
  addDev(kit, program)
  addNode(kit, program)
  addCert(kit, program)
  addToken(kit, program)
  addVerify(kit, program)
  addAudit(kit, program)
  program.commandsGroup(texts.get('group.other'))
  addCompletion(kit, program)
  for (const command of everyCommand(program)) acceptLanguage(command)
  program.addHelpText('after', () => groupTail(kit, program))
  return program
}

/** The language was chosen before the program was built; the option may still stand anywhere. */
function acceptLanguage(command: Command): void {
  if (command.parent === null) return
  command.addOption(new Option('--lang <language>').choices(languages).hideHelp())
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)]
}

const titles: Readonly<Record<string, TextKey>> = {
  'Usage:': 'heading.usage',
  'Arguments:': 'heading.arguments',
  'Options:': 'heading.options',
  'Commands:': 'heading.commands',
}

function translated(texts: Texts, title: string): string {
  const key = titles[title]
  return key === undefined ? title : texts.get(key)
}
