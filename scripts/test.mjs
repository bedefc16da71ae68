// npm test: installs, builds, and runs all tests, or those that are named:
//
//   npm test                                        all
//   npm test -- ledger                              files whose path has the word in it
//   npm test -- packages/ledger/test/model.test.ts  one file
//   npm test -- --bail ledger                       options go to the test runner (tap)
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { foreground, home, prepare, say } from './prepare.mjs'

const args = process.argv.slice(2)
const options = args.filter((arg) => arg.startsWith('-'))
const wanted = args.filter((arg) => !arg.startsWith('-'))
const protocolFile = join(home, '.tap', 'last-run.tap')
const failuresShown = 20
const failureLines = 40
const pollMs = 1_000

await prepare()
preparePython()
const files = testFiles().filter(isWanted)
if (files.length === 0) {
  say(`no test file matches ${wanted.join(' ')}`)
  end({ passed: 0, failed: 1 }, 1)
} else {
  mkdirSync(join(home, '.tap'), { recursive: true })
  rmSync(protocolFile, { force: true })
  // On a terminal tap shows what is running; elsewhere one line a file, and the failures at the end, without the
  // control characters that tap's reporters write everywhere.
  const terminal = process.stdout.isTTY === true
  const reporter =
    options.some((option) => option.startsWith('--reporter')) || terminal ? [] : ['--reporter=min']
  const follow = terminal ? () => undefined : followFiles()
  const tap = join(home, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs')
  const code = await foreground(
    process.execPath,
    [tap, 'run', `--output-file=${protocolFile}`, ...reporter, ...options, ...files],
    { stdio: ['ignore', terminal ? 'inherit' : 'pipe', 'inherit'] },
    (child) =>
      child.stdout?.on('data', (chunk) => process.stdout.write(stripVTControlCharacters(String(chunk)))),
  )
  follow()
  if (!terminal) showFailures()
  end(readCounts(), code)
}

/** The failing assertions with what they say, for a log that nobody can ask again. */
function showFailures() {
  if (!existsSync(protocolFile)) return
  const lines = readFileSync(protocolFile, 'utf8').split('\n')
  let shown = 0
  for (let at = 0; at < lines.length && shown < failuresShown; at++) {
    const failed = /^( *)not ok /.exec(lines[at])
    if (!failed) continue
    const end = lines.indexOf(`${failed[1]}  ...`, at)
    const block = lines.slice(at, end < 0 ? at + 1 : end)
    process.stdout.write(`${block.slice(0, failureLines).join('\n')}\n`)
    shown++
  }
}

/** The compiled tests that have a source: what was built from a file that is gone does not count. */
function testFiles() {
  const rooms = readdirSync(join(home, 'packages')).map((name) => join('packages', name))
  const found = []
  for (const room of [...rooms, 'bench']) {
    const folder = join(home, room, 'test')
    if (!existsSync(folder)) continue
    for (const entry of readdirSync(folder, { recursive: true }).sort()) {
      if (entry.endsWith('.test.ts')) found.push(join(room, 'dist', 'test', entry.replace(/\.ts$/, '.js')))
    }
  }
  return found
}

function isWanted(file) {
  if (wanted.length === 0) return true
  const source = file.replace(`${sep}dist${sep}`, sep).replace(/\.js$/, '.ts')
  return wanted.some((word) => {
    const path = relative(home, resolve(word))
    return path === source || path === file || source.includes(word)
  })
}

/** Prints a line for each file that has ended. */
function followFiles() {
  let shown = 0
  const look = () => {
    if (!existsSync(protocolFile)) return
    // The last line may still be on its way.
    const lines = readFileSync(protocolFile, 'utf8').split('\n').slice(0, -1)
    const ends = lines.filter((line) => /^(not )?ok \d+ - /.test(line))
    for (const line of ends.slice(shown)) process.stdout.write(`${line.replace(/ \{$/, '')}\n`)
    shown = ends.length
  }
  const timer = setInterval(look, pollMs)
  return () => {
    clearInterval(timer)
    look()
  }
}

/** tap's last words: assertions that passed and failed; a file that crashed is one that failed. */
function readCounts() {
  const text = existsSync(protocolFile) ? readFileSync(protocolFile, 'utf8') : ''
  const last = [...text.matchAll(/^# \{ (total: .*) \}$/gm)].at(-1)?.[1]
  if (last === undefined) return { passed: 0, failed: 1 }
  const count = (name) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(last)?.[1] ?? 0)
  if (count('skip') > 0) process.stdout.write(`${count('skip')} skipped\n`)
  return { passed: count('pass'), failed: count('fail') }
}

function end({ passed, failed }, code) {
  // Whatever made the runner unhappy without a count of its own is one failure.
  const all = code !== 0 && failed === 0 ? 1 : failed
  process.stdout.write(`${passed} passed, ${all} failed\n`)
  process.exitCode = all === 0 ? 0 : code === 0 ? 1 : code
}

/** The Python client has a test; it is skipped when there is no Python and none can be installed. */
function preparePython() {
  if (process.platform !== 'linux' || spawnSync('python3', ['--version']).status === 0) return
  const { status } = spawnSync(join(home, 'scripts', 'system-packages.sh'), { stdio: 'inherit' })
  if (status !== 0) say('python3 is missing: the test of the Python client will be skipped')
}
