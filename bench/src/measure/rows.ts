import type { Job } from './job.ts'

/** One row to be measured. */
export interface Row {
  /** `lock/64`, or `lock/1x256` for 256 owners of one connection. */
  readonly id: string
  readonly title: string
  readonly job: Job
  /** Needs the key that the benchmark issues to a cluster of its own. */
  readonly isLicensed: boolean
}

const OWNERS = 256
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
} as const satisfies Record<Job['work'], string>

const licensed: ReadonlySet<Job['work']> = new Set([
  'license',
  'license-hot',
  'stateless',
  'request-licensed',
])

/** Names that `--only` takes, beside the ids of rows. */
export const families = [...Object.keys(titles), 'ratio', 'license-cost']

/** All rows, in the order in which they are measured. */
export function allRows(clientCounts: readonly number[]): Row[] {
  const rows: Row[] = []
  const add = (work: Job['work'], clients: number, shape: Job['shape'] = 'connections'): void => {
    const id = shape === 'owners' ? `${work}/1x${clients}` : `${work}/${clients}`
    const isLicensed = licensed.has(work)
    rows.push({ id, title: titles[work], job: { work, clients, shape }, isLicensed })
  }
  for (const work of ['lock', 'sequence', 'gapless', 'read'] as const) {
    for (const clients of clientCounts) add(work, clients)
    add(work, OWNERS, 'owners')
  }
  add('hundred', 1)
  for (const clients of HAND_OVER) add('hand-over', clients)
  for (const clients of clientCounts) add('license', clients)
  add('license-hot', HOT)
  add('stateless', STATELESS)
  add('request', STATELESS)
  add('request-licensed', STATELESS)
  return rows
}

/** Whether `--only` leaves it in. */
export function isWanted(id: string, only: readonly string[] | undefined): boolean {
  return only === undefined || only.some((wanted) => wanted === id || id.startsWith(`${wanted}/`))
}
