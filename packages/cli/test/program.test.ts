import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RefusedError } from '@tranca/client'
import type { Command } from 'commander'
import t from 'tap'
import { formatCsv } from '../src/csv.ts'
import { formatDuration, parseDuration } from '../src/durations.ts'
import { CliError } from '../src/errors.ts'
import { exitCodes } from '../src/exit-codes.ts'
import { explain } from '../src/explain.ts'
import { takeProcessLock } from '../src/process-lock.ts'
import { createProgram } from '../src/program.ts'
import { run } from '../src/run.ts'
import { type DetachedSession, readSessions, sessionFilePath, withSessions } from '../src/state-file.ts'
import { formatTable, printable } from '../src/table.ts'
import { catalogues, chooseLanguage, languages, Texts } from '../src/texts/index.ts'
import { memoryIo, tranca } from './kit.ts'

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)]
}

function pathOf(command: Command): string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()]
}

function section(help: string, heading: string): string[] {
  const lines = help.split('\n')
  const from = lines.indexOf(heading) + 1
  const count = lines.slice(from).findIndex((line) => line.trim() === '')
  return from === 0 ? [] : lines.slice(from, count < 0 ? undefined : from + count)
}

await t.test('every command explains itself with examples that parse and with its exit codes', async (t) => {
  for (const language of languages) {
    const texts = new Texts(language)
    for (const command of everyCommand(createProgram(memoryIo(), { texts }))) {
      const path = pathOf(command)
      const io = memoryIo()
      t.equal(await run([...path, '--help', '--lang', language], io), 0, path.join(' '))
      const help = io.out()
      const examples = section(help, texts.get('heading.examples'))
      t.ok(examples.length >= 3, `${language} ${path.join(' ')}: three examples`)
      t.ok(section(help, texts.get('heading.exitCodes')).length >= 2, `${path.join(' ')}: exit codes`)
      for (const example of examples) t.match(example, /tranca/, example)
      t.ok(command.description().length > 0, `${path.join(' ')}: a description`)
      t.notMatch(help, /\{\w+\}|undefined/, `${path.join(' ')}: nothing left open`)
    }
  }
})

await t.test('examples name commands and options that exist', (t) => {
  const program = createProgram(memoryIo())
  const known = new Map(everyCommand(program).map((command) => [pathOf(command).join(' '), command]))
  for (const command of known.values()) {
    if (command.commands.length > 0) continue
    let help = ''
    command.configureOutput({
      writeOut: (text) => {
        help += text
      },
    })
    command.outputHelp()
    for (const example of section(help, 'Examples:')) {
      for (const [, call] of example.matchAll(/tranca (.+?)(?= -- | \|\| | && | \| | > |\)|$)/g)) {
        const words = call!.split(' ')
        const target = known.get(words.slice(0, 2).join(' ')) ?? known.get(words[0]!)
        t.ok(target, example)
        for (const flag of words.filter((word) => /^--?[a-z]/.test(word))) {
          const found = target!.options.some((option) => option.short === flag || option.long === flag)
          t.ok(found, `${example}: ${flag}`)
        }
      }
    }
  }
  t.end()
})

await t.test('both languages have the same texts with the same fields', (t) => {
  const fields = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()
  const [en, pt] = [catalogues.en, catalogues['pt-BR']]
  t.same(Object.keys(pt), Object.keys(en), 'the same keys, in the same order')
  for (const [key, text] of Object.entries(en)) t.same(fields(pt[key as keyof typeof en]), fields(text), key)
  t.end()
})

await t.test('the language is chosen by option, then by the environment', (t) => {
  t.equal(chooseLanguage([], {}), 'en')
  t.equal(chooseLanguage([], { LANG: 'pt_BR.UTF-8' }), 'pt-BR')
  t.equal(chooseLanguage([], { LANG: 'pt_BR.UTF-8', LC_ALL: 'C' }), 'en')
  t.equal(chooseLanguage([], { LANG: 'C', TRANCA_LANG: 'pt' }), 'pt-BR')
  t.equal(chooseLanguage(['status', '--lang', 'pt-BR'], {}), 'pt-BR')
  t.equal(chooseLanguage(['status', '--lang=en'], { LANG: 'pt_BR' }), 'en')
  t.equal(chooseLanguage(['lock', 'run', 'x', '--', 'tool', '--lang', 'pt-BR'], {}), 'en')
  t.end()
})

await t.test('every cause that the cluster or the client may name has a text', async (t) => {
  const { causes } = (await import(import.meta.resolve('@tranca/protocol'))) as {
    causes: Record<string, string>
  }
  for (const cause of Object.keys(causes)) t.ok(new Texts('en').find(`cause.${cause}`), cause)
})

await t.test('a refusal says what happened, who holds it and what to do', (t) => {
  const holders = [
    { session: 7, client: 'erp-1', owner: 'u1', token: 42, sinceMs: 0, mode: 'exclusive', count: 1 },
  ]
  const refused = new RefusedError('lock.acquire', 'held', { name: 'month-end', holders, queued: 2 })
  const en = explain(refused, new Texts('en'))
  t.equal(en.exitCode, exitCodes.refused)
  t.match(en.text, /'month-end' is held by 'u1' of erp-1 \(session 7, since .*, token 42\); 2 waiting/)
  t.match(en.text, /--wait/)
  const pt = explain(refused, new Texts('pt-BR'))
  t.match(pt.text, /'month-end' está com 'u1' de erp-1/)
  t.equal(
    explain(new RefusedError('lock.acquire', 'timeout', {}), new Texts('en')).exitCode,
    exitCodes.timeout,
  )
  t.equal(explain(new RefusedError('x', 'brandNewCause', {}), new Texts('en')).exitCode, exitCodes.refused)
  t.equal(explain(new CliError('unreachable', 'x', {}), new Texts('en')).exitCode, exitCodes.unreachable)
  t.equal(explain(new RangeError('ttlMs: 1'), new Texts('en')).exitCode, exitCodes.usage)
  t.equal(explain(new TypeError('x'), new Texts('en')).exitCode, exitCodes.internal)
  const damaged = Object.assign(new Error('log ends early'), { code: 'LOG_SHORT' })
  t.equal(explain(damaged, new Texts('en')).exitCode, exitCodes.damaged)
  const hostile = new RefusedError('lock.acquire', 'held', { name: 'a\u001b[2Jb', holders: [], queued: 0 })
  t.notOk(explain(hostile, new Texts('en')).text.includes('\u001b'))
  t.end()
})

await t.test('a wrong command line is refused with code 2 and says why on stderr only', async (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['nonsense'], /unknown command/],
    [['lock', 'acquir'], /unknown command.*\n.*acquire/],
    [['lock', 'list', '--colour'], /unknown option/],
    [['lock', 'acquire', 'x', '--ttl', 'soon'], /'soon' is not a duration/],
    [['lock', 'run', 'x'], /no command after --/],
    [['status', '-o', 'xml'], /'xml' is no form of output/],
    [['sequence', 'next', 'x', '--count', '0'], /--count/],
    [['sequence', 'next', 'x', '--kind', 'magic'], /--kind/],
    [['sequence', 'reserve', 'x', '--reset', 'hour'], /--reset/],
    [['lock', 'acquire', 'x', '--wait', '-1s'], /not a duration/],
    [['sequence', 'gaps', 'x', '--export', 'pdf'], /csv or json/],
    [['sequence', 'declare', 'x', '1'], /--reason/],
    [['node', 'start'], /--config/],
    [['verify', '/does/not/exist'], /no such directory/],
    [['audit', '/does/not/exist'], /no such directory/],
    [['completion', 'tcsh'], /bash, zsh or fish/],
    [['dev', '--members', 'many'], /--members/],
  ]
  for (const [args, said] of cases) {
    // Nobody listens there: what is wrong must be found before anybody is asked.
    const io = memoryIo({
      XDG_STATE_HOME: t.testdirName,
      TRANCA_ADDRESSES: '127.0.0.1:1',
      TRANCA_TIMEOUT: '500ms',
    })
    t.equal(await run(args, io), exitCodes.usage, args.join(' '))
    t.match(io.err(), said, args.join(' '))
    t.equal(io.out(), '', `${args.join(' ')}: nothing on stdout`)
  }
})

await t.test('where nobody listens the answer is code 3, in JSON if asked', async (t) => {
  const io = memoryIo({
    TRANCA_ADDRESSES: '127.0.0.1:1',
    TRANCA_TIMEOUT: '500ms',
    XDG_STATE_HOME: t.testdirName,
  })
  t.equal(await run(['lock', 'list', '-o', 'json'], io), exitCodes.unreachable)
  const { error } = JSON.parse(io.err()) as { error: { code: string; message: string } }
  t.equal(error.code, 'unreachable')
  t.match(error.message, /127\.0\.0\.1:1/)
  t.equal(await run(['health'], io), exitCodes.unreachable)
  t.equal(await run(['status'], io), exitCodes.unreachable)
  t.equal(await run(['sequence', 'next', 'x'], io), exitCodes.unreachable)
  t.equal(await run(['lock', 'acquire', 'x'], io), exitCodes.unreachable)
})

await t.test('durations are read and written', (t) => {
  for (const [text, ms] of [
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['5', 5_000],
  ] as const) {
    t.equal(parseDuration(text), ms, text)
  }
  for (const text of ['', 's', '-1s', '1d', '1 s', 'NaN', '1e3s']) t.throws(() => parseDuration(text), text)
  const shown: readonly (readonly [number, string])[] = [
    [0, '0ms'],
    [999, '999ms'],
    [59_999, '59s'],
    [60_000, '1m'],
    [3_661_000, '1h 1m'],
    [90_000_000, '1d 1h'],
  ]
  for (const [ms, text] of shown) t.equal(formatDuration(ms), text)
  t.end()
})

await t.test('tables line up and keep control characters of foreign names away', (t) => {
  const text = formatTable(
    [{ title: 'NAME' }, { title: 'TOKEN', align: 'right' }, { title: 'OWNER' }],
    [
      ['a', '7', 'joão'],
      ['longer', '1234567', ''],
    ],
  )
  t.equal(text, 'NAME      TOKEN  OWNER\na             7  joão\nlonger  1234567\n')
  t.equal(printable('a\u001b[31mb\n\u0085'), 'a\\u001b[31mb\\u000a\\u0085')
  t.end()
})

await t.test('an exported file is safe to open in a spreadsheet', (t) => {
  t.equal(
    formatCsv(
      ['a', 'b'],
      [
        ['x,"y"', 5],
        ['=1+1', '-5'],
      ],
    ),
    'a,b\r\n"x,""y""",5\r\n\'=1+1,-5\r\n',
  )
  t.end()
})

function detached(overrides: Partial<DetachedSession>): DetachedSession {
  return {
    namespace: 'production',
    addresses: ['127.0.0.1:5555'],
    session: 1,
    key: '00'.repeat(16),
    lastId: 4,
    ttlMs: 60_000,
    untilMs: 1_000,
    owner: 'tester',
    held: { kind: 'lock', names: ['a'], token: 1 },
    ...overrides,
  }
}

await t.test(
  'the session file is for its owner only, whole after every change, and forgets what is over',
  async (t) => {
    const file = join(t.testdir(), 'state', 'sessions.json')
    t.same(readSessions(file), [])
    const add = (session: DetachedSession, nowMs: number) =>
      withSessions(file, nowMs, async (sessions) => ({
        sessions: [...sessions, session],
        result: sessions.length,
      }))
    t.equal(await add(detached({ session: 1, untilMs: 1_000 }), 0), 0)
    t.equal(statSync(file).mode & 0o777, 0o600)
    t.equal(statSync(join(file, '..')).mode & 0o777, 0o700)
    t.equal(await add(detached({ session: 2, untilMs: 200_000_000 }), 2_000), 1)
    await t.rejects(
      withSessions(file, 0, async () => {
        throw new Error('in the middle')
      }),
    )
    t.same(
      readSessions(file).map((each) => each.session),
      [1, 2],
    )
    t.equal(await add(detached({ session: 3, untilMs: 200_000_000 }), 100_000_000), 2)
    t.same(
      readSessions(file).map((each) => each.session),
      [2, 3],
    )
    await Promise.all(
      [4, 5, 6, 7].map((session) => add(detached({ session, untilMs: 200_000_000 }), 100_000_000)),
    )
    t.equal(readSessions(file).length, 6, 'parallel changes lose nothing')
    await withSessions(file, 0, async () => ({ sessions: [], result: undefined }))
    t.throws(() => statSync(file), { code: 'ENOENT' })
    writeFileSync(file, '{"version":9}')
    t.throws(() => readSessions(file), { code: 'STATE_UNREADABLE' })
    writeFileSync(file, 'not json')
    t.throws(() => readSessions(file), { code: 'STATE_UNREADABLE' })
  },
)

await t.test('the session file is where the options and XDG say', (t) => {
  t.equal(sessionFilePath('/x/y', { TRANCA_SESSION_FILE: '/z' }), '/x/y')
  t.equal(sessionFilePath(undefined, { TRANCA_SESSION_FILE: '/z' }), '/z')
  t.equal(sessionFilePath(undefined, { XDG_STATE_HOME: '/s', HOME: '/h' }), '/s/tranca/sessions.json')
  t.equal(sessionFilePath(undefined, { HOME: '/h' }), '/h/.local/state/tranca/sessions.json')
  t.end()
})

await t.test('a process lock belongs to one living process; a dead one leaves nothing that counts', (t) => {
  const directory = t.testdir()
  const file = join(directory, 'owner.pid')
  const lock = takeProcessLock(file)
  if (typeof lock === 'number') throw new Error('expected the lock')
  t.equal(readFileSync(file, 'utf8'), `${process.pid}\n`)
  t.equal(takeProcessLock(file), process.pid)
  lock.release()
  // The largest process id there can be belongs to nobody.
  for (const stale of ['4194304\n', '', 'garbage']) {
    writeFileSync(file, stale)
    const again = takeProcessLock(file)
    t.type(again, 'object', JSON.stringify(stale))
    if (typeof again !== 'number') again.release()
  }
  writeFileSync(file, '1\n')
  t.equal(takeProcessLock(file), 1)
  t.end()
})

await t.test('completion scripts know every command', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const io = memoryIo()
    t.equal(await run(['completion', shell], io), 0)
    for (const word of ['status', 'acquire', 'rollback', 'undrain'])
      t.match(io.out(), new RegExp(`\\b${word}\\b`), shell)
    t.notMatch(io.out(), /until-stdin-ends/)
  }
})

await t.test('a folder that is no development cluster is never removed, and sizes must agree', async (t) => {
  const state = t.testdir({ precious: { file: 'data' }, kept: {} })
  const io = memoryIo({ XDG_STATE_HOME: state })
  t.equal(await run(['dev', '--dir', join(state, 'precious'), '--fresh'], io), exitCodes.usage)
  t.match(io.err(), /is not removed/)
  t.equal(readFileSync(join(state, 'precious', 'file'), 'utf8'), 'data')
  const member = {
    id: 1,
    name: 'n1',
    client: '127.0.0.1:1',
    peer: '127.0.0.1:2',
    admin: '127.0.0.1:3',
    added: false,
  }
  mkdirSync(join(state, 'kept'), { recursive: true })
  writeFileSync(
    join(state, 'kept', 'cluster.json'),
    JSON.stringify({ version: 1, cluster: 'dev', members: [member] }),
  )
  t.equal(await run(['dev', '--dir', join(state, 'kept'), '--members', '3'], io), exitCodes.usage)
  t.match(io.err(), /holds a cluster of 1 members, so --members 3 does not fit/)
  writeFileSync(join(state, 'busy.pid'), '1\n')
  t.equal(await run(['dev', '--dir', join(state, 'busy')], io), exitCodes.usage)
  t.match(io.err(), /in use by process 1/)
})

await t.test('the built program says its version', async (t) => {
  const ran = await tranca(['--version'], { state: t.testdir() })
  t.equal(ran.code, 0)
  t.match(ran.stdout, /^\d+\.\d+\.\d+\n$/)
})
