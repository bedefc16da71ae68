// npm start: installs, builds, and runs the demonstration. Options: npm start -- --help
import { join } from 'node:path'
import { foreground, home, prepare } from './prepare.mjs'

await prepare()
process.exitCode = await foreground(process.execPath, [
  join(home, 'bench', 'dist', 'src', 'morning.js'),
  ...process.argv.slice(2),
])
