// npm run bench | drill | simulate | ...: installs, builds, and runs one compiled program with the arguments.
import { join } from 'node:path'
import { foreground, home, prepare } from './prepare.mjs'

const [program, ...args] = process.argv.slice(2)
await prepare()
process.exitCode = await foreground(process.execPath, [join(home, program), ...args])
