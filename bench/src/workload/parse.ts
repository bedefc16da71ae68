import { readFileSync } from 'node:fs'
import { limits } from '../limits.ts'
import { rankOf } from '../numeral.ts'
import { dayMs, Fields, WorkloadError } from './fields.ts'
import { parseLicenses } from './parse-licenses.ts'
import type { PhasePlan, SequencePlan, ServerPlan, TaskPlan, Workload } from './workload.ts'

/** @throws WorkloadError */
export function loadWorkload(file: string): Workload {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new WorkloadError(file, 'the file', reason, 'readable JSON')
  }
  return parseWorkload(value, file)
}

/** @throws WorkloadError that names the field, its value and what was expected */
export function parseWorkload(value: unknown, file: string): Workload {
  const root = new Fields(file, '', value)
  const name = root.text('name')
  if (root.has('description')) root.text('description')
  const seed = root.whole('seed', 0, Number.MAX_SAFE_INTEGER)
  const namespace = root.text('namespace')
  const session = parseSession(root.object('session'))
  const servers = root.objects('servers', 1, limits.serversMax).map(parseServer)
  const sequences = parseNamed(root.object('sequences'), parseSequence)
  const login = parseLogin(root.object('login'))
  const licenses = root.has('licenses') ? parseLicenses(root.object('licenses')) : undefined
  const tasks = parseNamed(root.object('tasks'), (fields) => parseTask(fields, sequences, licenses))
  const phases = root.objects('phases', 1, 100).map((fields) => parsePhase(fields, tasks))
  const crashes = root.objects('crashes', 0, limits.serversMax).map((fields) => {
    const server = fields.text('server')
    if (!servers.some((each) => each.name === server)) fields.fail('server', 'the name of a server')
    const crash = { server, at: fields.share('at'), restartAfterMs: fields.whole('restartAfterMs', 0, dayMs) }
    fields.done()
    return crash
  })
  const failover = root.has('failover') ? parseFailover(root.object('failover')) : undefined
  root.done()
  if (new Set(servers.map((server) => server.name)).size !== servers.length) {
    root.fail('servers', 'a different name for each server')
  }
  if (servers.some((server) => server.name === licenses?.dbaccess?.name)) {
    root.fail('servers', 'other names than that of the DBAccess master')
  }
  const when = { phases, crashes, failover }
  return { name, seed, namespace, session, servers, sequences, login, licenses, tasks, ...when }
}

function parseNamed<T>(fields: Fields, parse: (fields: Fields) => T): ReadonlyMap<string, T> {
  return new Map(fields.names().map((name) => [name, parse(fields.object(name))]))
}

function parseSession(fields: Fields): Workload['session'] {
  const session = {
    ttlMs: fields.whole('ttlMs', 2_000, 600_000),
    lockDelayMs: fields.whole('lockDelayMs', 0, 60_000),
    codesMax: fields.whole('codesMax', 1, 100_000),
  }
  fields.done()
  return session
}

function parseServer(fields: Fields): ServerPlan {
  const server = {
    name: fields.text('name'),
    company: fields.text('company'),
    branch: fields.text('branch'),
    users: fields.whole('users', 1, limits.usersMax),
  }
  fields.done()
  return server
}

function parseSequence(fields: Fields): SequencePlan {
  const spec = {
    kind: fields.oneOf('kind', ['gapless', 'fast']),
    digits: fields.oneOf('digits', ['decimal', 'soma1']),
    width: fields.whole('width', 1, limits.widthMax),
    prefix: fields.text('prefix', { empty: true }),
    start: fields.text('start'),
    reset: 'never',
    utcOffsetMinutes: -180,
    reservationTtlMs: fields.whole('reservationTtlMs', 0, dayMs),
    warnBelow: 0,
  } as const
  const seed = fields.has('seed') ? fields.text('seed') : undefined
  for (const name of seed === undefined ? (['start'] as const) : (['start', 'seed'] as const)) {
    try {
      rankOf(name === 'seed' ? (seed ?? '') : spec.start, spec)
    } catch {
      fields.fail(name, `a ${spec.digits} value of ${spec.width} characters`)
    }
  }
  const scope = fields.oneOf('scope', ['all', 'company', 'branch'])
  fields.done()
  return { spec, seed, scope }
}

function parseLogin(fields: Fields): Workload['login'] {
  const login = {
    spreadMs: fields.whole('spreadMs', 0, dayMs),
    lock: fields.text('lock'),
    sharedPercent: fields.percent('sharedPercent'),
  }
  if (!login.lock.includes('{user}')) fields.fail('lock', 'a name with {user} in it')
  fields.done()
  return login
}

function parsePhase(fields: Fields, tasks: ReadonlyMap<string, TaskPlan>): PhasePlan {
  const mixFields = fields.object('mix')
  const mix = new Map<string, number>()
  for (const task of mixFields.names()) {
    if (!tasks.has(task)) mixFields.fail(task, `only names of tasks: ${[...tasks.keys()].join(', ')}`)
    mix.set(task, mixFields.whole(task, 1, 1_000_000))
  }
  if (mix.size === 0) fields.fail('mix', 'at least one task with its weight')
  const phase = {
    name: fields.text('name'),
    tasksPerUser: fields.whole('tasksPerUser', 1, limits.tasksPerUserMax),
    thinkMs: fields.range('thinkMs', dayMs),
    mix,
  }
  fields.done()
  return phase
}

function parseFailover(fields: Fields): NonNullable<Workload['failover']> {
  const failover = { at: fields.share('at'), restartAfterMs: fields.whole('restartAfterMs', 0, dayMs) }
  fields.done()
  return failover
}

function parseTask(
  fields: Fields,
  sequences: ReadonlyMap<string, SequencePlan>,
  licenses: Workload['licenses'],
): TaskPlan {
  const kind = fields.oneOf('kind', ['code', 'number', 'void', 'jump', 'lock', 'nested', 'fast', 'request'])
  const sequence = (wanted: 'gapless' | 'fast'): string => {
    const name = fields.text('sequence')
    if (sequences.get(name)?.spec.kind !== wanted) fields.fail('sequence', `the name of a ${wanted} sequence`)
    return name
  }
  const read = (): TaskPlan => {
    switch (kind) {
      case 'code': {
        const codes = fields.whole('codes', 1, 10_000_000)
        return {
          kind,
          prefix: fields.text('prefix'),
          codes,
          hot: fields.whole('hot', 1, codes),
          hotPercent: fields.percent('hotPercent'),
          workMs: fields.range('workMs', dayMs),
          freeAllPercent: fields.percent('freeAllPercent'),
        }
      }
      case 'number':
        return {
          kind,
          sequence: sequence('gapless'),
          workMs: fields.range('workMs', dayMs),
          cancelPercent: fields.percent('cancelPercent'),
          abandonPercent: fields.percent('abandonPercent'),
          crashPercent: fields.percent('crashPercent'),
        }
      case 'void':
        return { kind, sequence: sequence('gapless'), reason: reason(fields, 15) }
      case 'jump': {
        const by = fields.whole('by', 1, 1_000_000)
        return { kind, sequence: sequence('gapless'), by, reason: reason(fields, 1) }
      }
      case 'lock': {
        const names = fields.texts('names', 1)
        return {
          kind,
          names,
          count: fields.range('count', Math.min(64, names.length), 1),
          sharedPercent: fields.percent('sharedPercent'),
          waitMs: fields.whole('waitMs', 0, dayMs),
          workMs: fields.range('workMs', dayMs),
        }
      }
      case 'nested':
        return {
          kind,
          names: fields.texts('names', 2),
          waitMs: fields.whole('waitMs', 1, dayMs),
          workMs: fields.range('workMs', dayMs),
        }
      case 'fast':
        return {
          kind,
          sequence: sequence('fast'),
          blockPercent: fields.percent('blockPercent'),
          block: fields.whole('block', 1, 10_000),
        }
      case 'request':
        if (licenses === undefined) fields.fail('kind', 'another kind: the workload has no licenses')
        return {
          kind,
          feature: fields.text('feature'),
          user: fields.text('user'),
          group: fields.text('group'),
          workMs: fields.range('workMs', dayMs),
        }
    }
  }
  const task = read()
  fields.done()
  return task
}

function reason(fields: Fields, min: number): string {
  const text = fields.text('reason')
  if (text.length < min || text.length > 255) fields.fail('reason', `a text of ${min} to 255 characters`)
  return text
}
