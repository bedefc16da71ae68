import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '@tranca/node'
import t from 'tap'
import { choosePorts } from '../src/dev/ports.ts'
import { start, tranca, trancaJson, until } from './kit.ts'

const folder = fileURLToPath(new URL('../../../../cluster-configs', import.meta.url))
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.yml'),
)

await t.test('every configuration that is shipped loads as it is', (t) => {
  t.ok(files.length >= 4, files.join(', '))
  for (const name of files) {
    const config = loadConfig(join(folder, name))
    t.ok(
      config.members.some((member) => member.id === config.id),
      `${name}: its own id is a member`,
    )
    t.match(config.data, /\.tranca/, `${name}: data stays out of version control`)
  }
  t.end()
})

await t.test('the three members agree about who they are', (t) => {
  const configs = ['n1', 'n2', 'n3'].map((name) => loadConfig(join(folder, 'three-nodes', `${name}.yml`)))
  for (const config of configs) {
    t.same(config.members, configs[0]!.members)
    t.equal(config.cluster, configs[0]!.cluster)
  }
  t.equal(new Set(configs.map((config) => config.data)).size, 3)
  t.equal(new Set(configs.map((config) => config.listen.admin)).size, 3)
  t.end()
})

await t.test('one node starts from its configuration, serves, and stops cleanly at SIGTERM', async (t) => {
  const state = t.testdir()
  // The same file, with ports that are free here.
  const [ports] = await choosePorts('free', 1)
  const file = join(state, 'cluster-configs', 'one-node.yml')
  mkdirSync(dirname(file))
  const text = readFileSync(join(folder, 'one-node.yml'), 'utf8')
    .replaceAll('127.0.0.1:5655', `127.0.0.1:${ports!.peer}`)
    .replaceAll('127.0.0.1:5555', `127.0.0.1:${ports!.client}`)
    .replaceAll('127.0.0.1:5755', `127.0.0.1:${ports!.admin}`)
  writeFileSync(file, text)
  const node = start(['node', 'start', '--config', file], { state })
  t.teardown(() => node.kill('SIGKILL'))
  const surroundings = { state, addresses: [`127.0.0.1:${ports!.client}`] }
  await until(
    'the node leads',
    async () => (await tranca(['health', '--leader', '--quiet'], surroundings)).code === 0,
  )
  const taken = await trancaJson<{ first: string }>(
    ['sequence', 'next', 'x', '--kind', 'fast', '--width', '4'],
    surroundings,
  )
  t.equal(taken.first, '0001')
  for (const page of ['/livez', '/readyz', '/leader', '/metrics']) {
    const response = await fetch(`http://127.0.0.1:${ports!.admin}${page}`)
    const body = await response.text()
    t.equal(response.status, 200, `${page}: ${body.slice(0, 300)}`)
  }
  node.kill('SIGTERM')
  const ended = await node.ended
  t.equal(ended.code, 0, ended.stderr)
  t.ok(existsSync(join(state, '.tranca', 'one-node')))
  const first = ended.stdout.split('\n')[0] ?? ''
  t.type((JSON.parse(first) as { msg?: string }).msg, 'string', 'logs are lines of JSON')
  t.equal((await tranca(['health'], surroundings)).code, 3)
})

await t.test('a configuration with a mistake is refused with code 2, file, line and field', async (t) => {
  const state = t.testdir({ 'bad.yml': 'cluster: x\nid: one\ndata: d\nmembers: []\n' })
  const ran = await tranca(['node', 'start', '--config', join(state, 'bad.yml')], { state })
  t.equal(ran.code, 2)
  t.match(ran.stderr, /bad\.yml:2.*id/)
  t.match(ran.stderr, /members/)
})
