import { processIo } from './io.ts'
import { run } from './run.ts'

// A reader that went away (`tranca-vendor list | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = run(process.argv.slice(2), processIo())
