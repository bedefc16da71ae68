// npm run bench: installs, builds, and measures. Options: npm run bench -- --help
import { join } from 'node:path'
import { foreground, home, prepare } from './prepare.mjs'

await prepare()
process.exitCode = await foreground(process.execPath, [
  join(home, 'bench', 'dist', 'src', 'benchmark.js'),
  ...process.argv.slice(2),
])
