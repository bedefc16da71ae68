import { Command } from 'commander'
import { HELP_ABOUT, helpTail } from './command-kit.ts'
import { addClone } from './commands/clone.ts'
import { addEmergency } from './commands/emergency.ts'
import { addIssue } from './commands/issue.ts'
import { addKeypair } from './commands/keypair.ts'
import { addList } from './commands/list.ts'
import { addRenew } from './commands/renew.ts'
import { addRevoke } from './commands/revoke.ts'
import { addServe } from './commands/serve.ts'
import { addSplit } from './commands/split.ts'
import { type ExitName, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'
import { version } from './version.ts'

/** Builds a fresh program: nothing of it is shared with another one. It throws where others would exit. */
export function createProgram(io: Io): Command {
  const program = new Command('tranca-vendor')
    .description("The vendor's desk: license keys, emergency keys and clones of Tranca.")
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', HELP_ABOUT)
    .helpCommand(false)
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
  addKeypair(io, program)
  addIssue(io, program)
  addRenew(io, program)
  addSplit(io, program)
  addEmergency(io, program)
  addClone(io, program)
  addRevoke(io, program)
  addList(io, program)
  addServe(io, program)
  const examples = [
    'tranca-vendor keypair --out keys',
    'tranca-vendor issue --private-key keys/vendor-private.pem --order order.json --out acme-1.key.json',
    'tranca-vendor renew --private-key keys/vendor-private.pem --installation acme-1 --out acme-2.key.json',
    'tranca-vendor emergency --private-key keys/vendor-private.pem --installation acme-1 --out today.key.json',
  ]
  program.addHelpText('after', () => helpTail(examples, Object.keys(exitCodes) as ExitName[]))
  return program
}
