import { join } from 'node:path'
import t from 'tap'
import { openPlan } from '../src/dev/plan.ts'
import { exitCodes } from '../src/exit-codes.ts'
import { run } from '../src/run.ts'
import { memoryIo } from './kit.ts'

const root = t.testdir()
let made = 0

/** A folder with the plan of a cluster whose ports are counted from 7000. */
async function planned() {
  const directory = join(root, `folder-${made++}`)
  const open = (ports: number | 'default' | 'free', fresh = false) =>
    openPlan({ directory, members: 3, fresh, ports, hosts: undefined })
  const plan = await open(7000)
  return { directory, plan, open }
}

await t.test('a folder that has its ports goes on with them, also if they are asked for again', async (t) => {
  const { plan, open } = await planned()
  t.same(
    plan.members.map(({ client }) => client),
    ['127.0.0.1:7000', '127.0.0.1:7001', '127.0.0.1:7002'],
  )
  t.same(await open(7000), plan)
  t.same(await open('default'), plan)
  t.same(await open('free'), plan)
})

await t.test('other ports than the folder has are refused, and a fresh cluster takes them', async (t) => {
  const { directory, plan, open } = await planned()
  const detail = { directory, found: '127.0.0.1:7000, 127.0.0.1:7001, 127.0.0.1:7002', asked: 7001 }
  await t.rejects(open(7001), { code: 'DEV_PORTS_DIFFER', detail })
  t.same(await open('default'), plan, 'a refusal changes nothing')
  const fresh = await open(7001, true)
  t.same(
    fresh.members.map(({ client }) => client),
    ['127.0.0.1:7001', '127.0.0.1:7002', '127.0.0.1:7003'],
  )
})

await t.test(
  'tranca dev tells which option differs, what the folder has, and how to begin anew',
  async (t) => {
    const { directory } = await planned()
    const said = async (...more: string[]): Promise<string> => {
      const io = memoryIo({ XDG_STATE_HOME: root })
      t.equal(await run(['dev', '--dir', directory, ...more], io), exitCodes.usage)
      t.equal(io.out(), '')
      return io.err()
    }
    const told = await said('--port', '7100')
    t.match(told, `${directory} holds a cluster that listens on 127.0.0.1:7000, 127.0.0.1:7001`)
    t.match(told, '--port 7100')
    t.match(told, '--fresh')
    t.match(await said('--port', '7100', '--lang', 'pt-BR'), 'contém um cluster que escuta em 127.0.0.1:7000')
    t.match(await said('--members', '5'), '--members 5')
  },
)
