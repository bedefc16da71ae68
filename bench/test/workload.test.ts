import { fileURLToPath } from 'node:url'
import t from 'tap'
import { WorkloadError } from '../src/workload/fields.ts'
import { loadWorkload, parseWorkload } from '../src/workload/parse.ts'
import { tasksOf } from '../src/workload/workload.ts'
import { smallWorkload } from './small-workload.ts'

const morning = fileURLToPath(new URL('../../workloads/erp-morning.json', import.meta.url))

await t.test(
  "the ERP's morning is a valid workload of the size that the demonstration promises",
  async (t) => {
    const workload = loadWorkload(morning)
    t.equal(workload.servers.length, 3)
    t.ok(workload.servers.every((server) => server.users >= 200))
    t.ok(tasksOf(workload) > 10_000)
    t.ok(workload.failover !== undefined && workload.crashes.length > 0)
    const kinds = new Set([...workload.tasks.values()].map((task) => task.kind))
    t.strictSame([...kinds].sort(), ['code', 'fast', 'jump', 'lock', 'nested', 'number', 'request', 'void'])
  },
)

await t.test('a wrong workload is refused with the field, its value and what was expected', async (t) => {
  for (const [change, message] of [
    [{ seed: 1.5 }, 'small.json: seed: 1.5, expected a whole number from 0 to 9007199254740991'],
    [{ name: undefined }, 'small.json: name: missing, expected a text'],
    [{ speed: 9 }, /^small\.json: speed: 9, expected none but name, seed/],
    [{ session: 7 }, 'small.json: session: 7, expected an object'],
    [{ session: { ttlMs: 100, lockDelayMs: 0, codesMax: 1 } }, /session\.ttlMs: 100, .*2000 to 600000/],
    [{ servers: [] }, 'small.json: servers: [], expected a list of 1 to 64 objects'],
    [
      { crashes: [{ server: 'nobody', at: 0.5, restartAfterMs: 1 }] },
      /crashes\[0\]\.server: "nobody", expected the name/,
    ],
    [{ crashes: [{ server: 'app-01', at: 2, restartAfterMs: 1 }] }, /crashes\[0\]\.at: 2, .*between 0 and 1/],
    [{ login: { spreadMs: 0, lock: 'user', sharedPercent: 0 } }, /login\.lock: "user", .*\{user\}/],
    [
      { tasks: { ...smallWorkload.tasks, order: { kind: 'dance' } } },
      /tasks\.order\.kind: "dance", expected one of code, /,
    ],
    [
      { tasks: { ...smallWorkload.tasks, movement: { ...smallWorkload.tasks.movement, sequence: 'SC5' } } },
      'small.json: tasks.movement.sequence: "SC5", expected the name of a fast sequence',
    ],
    [
      { tasks: { ...smallWorkload.tasks, order: { ...smallWorkload.tasks.order, workMs: [9, 1] } } },
      /tasks\.order\.workMs: \[9,1\], expected \[from, to\]/,
    ],
    [
      { sequences: { ...smallWorkload.sequences, SC5: { ...smallWorkload.sequences.SC5, start: '0A1' } } },
      /sequences\.SC5\.start: "0A1", expected a soma1 value of 6 characters/,
    ],
    [{ licenses: undefined }, /tasks\.request\.kind: "request", .*no licenses/],
    [
      { licenses: { ...smallWorkload.licenses, products: [{ id: 4107, quantity: 0 }] } },
      /licenses\.products\[0\]\.quantity: 0, expected a whole number from 1/,
    ],
    [
      { licenses: { ...smallWorkload.licenses, rules: [{ kind: 'forbid' }] } },
      /licenses\.rules\[0\]\.kind: "forbid", expected one of reserve, /,
    ],
    [
      { phases: [{ ...smallWorkload.phases[0], mix: { nothing: 1 } }] },
      /phases\[0\]\.mix\.nothing: 1, expected only names of tasks/,
    ],
  ] as const) {
    const wrong = JSON.parse(JSON.stringify({ ...smallWorkload, ...change }))
    t.throws(() => parseWorkload(wrong, 'small.json'), { message }, JSON.stringify(change).slice(0, 60))
  }
  t.throws(() => parseWorkload([], 'small.json'), WorkloadError)
  t.throws(() => loadWorkload('/nowhere/at-all.json'), { message: /at-all\.json: the file: / })
})
