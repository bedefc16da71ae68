import type { Job, Shape } from './job.ts'

/** One row to be measured. */
export interface Row {
  /** `lock/64`; `lock/1x256` for 256 owners of one connection, `lock/p256` for one with 256 requests at a time. */
  readonly id: string
  readonly title: string
  readonly job: Job
  /** Needs the key that the benchmark issues to a cluster of its own. */
  readonly isLicensed: boolean
}

const OWNERS = 256
const PIPELINED = [64, 256]
const HAND_OVER = [2, 16, 64]
const STATELESS = 64
const HOT = 256
/** Clients at which a check-out is held against a lock. */
export const RATIO_CLIENTS = 256

const titles = {
  lock: 'lock acquire + release',
  sequence: 'sequence next',
  gapless: 'gapless reserve + confirm',
  read: 'linearizable read',
  hundred: '100 numbers, one by one',
  'hand-over': 'hand-over of one lock',
  license: 'license checkout + checkin',
  'license-hot': '10 000 users, 5 000 units',
  stateless: 'stateless request: both',
  request: 'request, 20 ms of work',
  'request-licensed': 'the same with a license',
  'request-beside': 'with one beside the work',
} as const satisfies Record<Job['work'], string>

const licensed: ReadonlySet<Job['work']> = new Set([
  'license',
  'license-hot',
  'stateless',
  'request-licensed',
  'request-beside',
])

const prefixes = { connections: '', owners: '1x', pipeline: 'p' } as const satisfies Record<Shape, string>

/** Names that `--only` takes, beside the ids of rows. */
export const families = [...Object.keys(titles), 'ratio', 'license-cost']

/** All rows, in the order in which they are measured. */
export function allRows(clientCounts: readonly number[]): Row[] {
  const rows: Row[] = []
  const add = (work: Job['work'], clients: number, shape: Shape = 'connections'): void => {
    const id = `${work}/${prefixes[shape]}${clients}`
    const isLicensed = licensed.has(work)
    rows.push({ id, title: titles[work], job: { work, clients, shape }, isLicensed })
  }
  for (const work of ['lock', 'sequence', 'gapless', 'read'] as const) {
    for (const clients of clientCounts) add(work, clients)
    add(work, OWNERS, 'owners')
    if (work === 'lock' || work === 'sequence') for (const depth of PIPELINED) add(work, depth, 'pipeline')
  }
  add('hundred', 1)
  for (const clients of HAND_OVER) add('hand-over', clients)
  for (const clients of clientCounts) add('license', clients)
  add('license-hot', HOT)
  add('stateless', STATELESS)
  add('request', STATELESS)
  add('request-licensed', STATELESS)
  add('request-beside', STATELESS)
  return rows
}

/** What a row's id says of its clients: `64`, `1x256`, `p64`. */
export function clientsText({ id }: Pick<Row, 'id'>): string {
  return id.slice(id.indexOf('/') + 1)
}

/** Whether `--only` leaves it in. */
export function isWanted(id: string, only: readonly string[] | undefined): boolean {
  return only === undefined || only.some((wanted) => wanted === id || id.startsWith(`${wanted}/`))
}
