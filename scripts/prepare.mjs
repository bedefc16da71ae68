// What `npm start` and `npm test` do first: check Node, install, build. Plain Node: it runs before anything
// is installed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const home = dirname(dirname(fileURLToPath(import.meta.url)))

const nodeMin = [20, 19]
const lockFile = join(home, 'package-lock.json')
const hiddenLockFile = join(home, 'node_modules', '.package-lock.json')
/** Hash of the lock that `node_modules` was installed from. */
const markFile = join(home, 'node_modules', '.installed-lock')

/** Ends the process with a clear word when Node is too old. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1])) return
  say(`Tranca needs Node ${nodeMin.join('.')} or newer; this is Node ${process.versions.node}.`)
  say('Get it from https://nodejs.org, or with your version manager.')
  process.exit(1)
}

/** Checks Node, then installs and builds what is missing or out of date. */
export async function prepare() {
  checkNode()
  if (mustInstall()) await install()
  await build()
}

function mustInstall() {
  if (!existsSync(hiddenLockFile)) return true
  if (existsSync(markFile)) return readFileSync(markFile, 'utf8').trim() !== lockHash()
  // Installed by hand: npm writes its own copy of the lock last. Some file systems keep whole seconds only.
  return statSync(lockFile).mtimeMs > statSync(hiddenLockFile).mtimeMs + 2_000
}

function lockHash() {
  return createHash('sha256').update(readFileSync(lockFile)).digest('hex')
}

async function install() {
  const npm = process.env.npm_execpath
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const [command, all, shell] =
    npm?.endsWith('.js') === true
      ? [process.execPath, [npm, ...args], false]
      : ['npm', args, process.platform === 'win32']
  await step('Installing dependencies (npm ci)', command, all, { shell })
  writeFileSync(markFile, `${lockHash()}\n`)
}

async function build() {
  const tsc = join(home, 'node_modules', 'typescript', 'bin', 'tsc')
  await step('Building', process.execPath, [tsc, '--build'], { shell: false })
}

/** Runs a command quietly, with one line that says what goes on; its output is shown only if it fails. */
async function step(what, command, args, { shell }) {
  const startedMs = performance.now()
  const terminal = process.stderr.isTTY === true
  const seconds = () => `${((performance.now() - startedMs) / 1000).toFixed(0)} s`
  process.stderr.write(`${what} ...`)
  const timer = terminal && setInterval(() => process.stderr.write(`\r${what} ... ${seconds()}`), 1_000)
  const { code, output } = await run(command, args, { shell })
  if (timer) clearInterval(timer)
  process.stderr.write(terminal ? `\r${what} ... ${code === 0 ? `done in ${seconds()}` : 'failed'}\n` : '')
  if (!terminal) process.stderr.write(code === 0 ? ` done in ${seconds()}\n` : ' failed\n')
  if (code === 0) return
  // A machine's own setting of npm that says nothing about this project.
  const lines = output.split('\n').filter((line) => !line.includes('"nodedir"'))
  say(lines.join('\n').trim())
  process.exit(1)
}

function run(command, args, { shell }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: home, shell, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.on('error', (error) => resolve({ code: 1, output: `${command}: ${error.message}` }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** Runs a program in the foreground; resolves with its exit code. Ctrl-C reaches it from the terminal itself. */
export function foreground(command, args, options = {}, onStart = () => undefined) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: home, stdio: 'inherit', ...options })
    onStart(child)
    const passOn = (signal) => child.kill(signal)
    // The terminal sends these to the whole group: this process only waits for its child to end in order.
    process.on('SIGINT', () => undefined)
    process.on('SIGTERM', passOn)
    process.on('SIGHUP', passOn)
    child.on('error', (error) => {
      say(`${command}: ${error.message}`)
      resolve(1)
    })
    child.on('close', (code) => resolve(code ?? 1))
  })
}

export function say(text) {
  process.stderr.write(`${text}\n`)
}
