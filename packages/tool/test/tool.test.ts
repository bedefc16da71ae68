import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import {
  checkWritable,
  makeFolder,
  number,
  readArguments,
  told,
  UsageError,
  wholeNumber,
} from '../src/index.ts'

const program = fileURLToPath(new URL('greet.js', import.meta.url))

function greet(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

t.test('a tool gets its options and names, and its result is the exit code', async (t) => {
  t.same(greet('ana', '--times', '2', 'bia'), {
    status: 0,
    stdout: 'hello hello ana\nhello hello bia\n',
    stderr: '',
  })
  t.match(greet('nobody'), { status: 1, stdout: 'hello nobody\n' })
})

t.test('--help prints the usage, whatever else is given', async (t) => {
  const help = { status: 0, stdout: 'npm run greet -- NAME... [--times N] [--fail]\n', stderr: '' }
  t.same(greet('--help'), help)
  t.same(greet('--times', 'x', '--speed', '--help'), help)
})

t.test('wrong arguments are told on stderr, with the way to the help, and have an exit code', async (t) => {
  const pointer = 'npm run greet -- --help tells what it takes\n'
  t.same(greet(), { status: 64, stdout: '', stderr: `nobody is named\n${pointer}` })
  t.same(greet('ana', '--times', '4'), {
    status: 64,
    stdout: '',
    stderr: `--times: "4", expected a whole number from 1 to 3\n${pointer}`,
  })
  const unknown = greet('ana', '--speed')
  t.match(unknown, { status: 64, stdout: '', stderr: /^Unknown option '--speed'/ })
  t.ok(unknown.stderr.endsWith(`\n${pointer}`))
  t.notMatch(unknown.stderr, /\n +at /, 'no stack')
})

t.test('any other error is not about the arguments', async (t) => {
  const { status, stderr } = greet('ana', '--fail')
  t.equal(status, 1)
  t.match(stderr, /Error: no voice\n +at /)
  t.notMatch(stderr, /--help/)
})

t.test('arguments that are not listed, or have the wrong form, are wrong usage', async (t) => {
  const options = { only: { type: 'string', multiple: true }, short: { type: 'boolean' } } as const
  t.match(readArguments(['--only', 'a', '--only=b', '--short'], { options }).values, {
    only: ['a', 'b'],
    short: true,
  })
  for (const args of [['--speed'], ['--short=yes'], ['--only'], ['name']]) {
    t.throws(
      () => readArguments(args, { options }),
      { constructor: UsageError, code: 'USAGE' },
      args.join(' '),
    )
  }
  t.same(readArguments(['name'], { options, takesNames: true }).names, ['name'])
})

t.test('numbers are taken within their bounds only, the bounds included', async (t) => {
  t.equal(wholeNumber('--jobs', '1', 1), 1)
  t.equal(wholeNumber('--jobs', '8', 1, 8), 8)
  t.equal(wholeNumber('--jobs', undefined, 1), undefined)
  t.equal(number('--seconds', '0.3', 0.1, 60), 0.3)
  t.equal(number('--seconds', undefined, 0.1), undefined)
  for (const text of ['', ' ', 'x', '1x', '0', '9', '-1', '1.5', 'Infinity', 'NaN', '9007199254740993']) {
    t.throws(
      () => wholeNumber('--jobs', text, 1, 8),
      new UsageError(`--jobs: ${JSON.stringify(text)}, expected a whole number from 1 to 8`),
    )
  }
  t.throws(() => wholeNumber('--seed', '9007199254740993', 0), /expected a whole number of at least 0$/)
  for (const text of ['', 'x', '0.09', '61', 'Infinity', 'NaN']) {
    t.throws(() => number('--seconds', text, 0.1, 60), UsageError, text)
  }
  t.throws(() => number('--minutes', '0', 0.001), /expected a number of at least 0\.001$/)
  t.throws(() => number('--minutes', 'Infinity', 0), UsageError)
})

t.test('a file that could not be written at the end is refused at the beginning', async (t) => {
  const place = t.testdir({ 'old.json': '{}' })
  const check = (...names: string[]) => checkWritable('--json', join(place, ...names))
  checkWritable('--json', undefined)
  check('new.json')
  check('old.json')
  t.throws(() => check(), { constructor: UsageError, message: /: it is a folder$/ })
  t.throws(() => check('no', 'x.json'), /^--json: ".*x\.json", expected a file that can be written: ENOENT/)
  t.throws(() => check('old.json', 'x'), /ENOTDIR/)
  t.strictSame(readdirSync(place), ['old.json'], 'nothing was made')
})

t.test('a folder for results is made at the beginning, or refused with the name of its option', async (t) => {
  const place = t.testdir({ 'old.json': '{}', old: {} })
  const make = (...names: string[]) => makeFolder('--histories', join(place, ...names))
  makeFolder('--histories', undefined)
  make('old')
  make('new', 'deep')
  t.strictSame(readdirSync(join(place, 'new')), ['deep'])
  const refusal = /^--histories: ".*old\.json.*", expected a folder that can be written: (EEXIST|ENOTDIR)/
  t.throws(() => make('old.json'), { constructor: UsageError, message: refusal })
  t.throws(() => make('old.json', 'x'), { constructor: UsageError, message: refusal })
})

t.test('an error with a code is told without a stack, a defect with one', async (t) => {
  const coded = (code: string) => Object.assign(new Error(`${code}: no`), { code })
  t.equal(told(new UsageError('no'), 'npm start'), 'no\nnpm start -- --help tells what it takes')
  t.equal(told(coded('EACCES'), 'npm start'), 'EACCES: no')
  t.match(told(coded('ERR_ASSERTION'), 'npm start'), /no\n +at /)
  t.match(told(new TypeError('x is no function'), 'npm start'), /x is no function\n +at /)
  t.equal(told('words', 'npm start'), 'words')
})
