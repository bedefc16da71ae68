import fc from 'fast-check'
import t from 'tap'
import { connect, type Session, TrancaError } from '../src/index.ts'
import { type Fate, fakeCluster } from './fake-cluster.ts'

// Long runs are asked for with TRANCA_RUNS.
t.setTimeout(600_000)

const fixedSeed = process.env.TRANCA_SEED === undefined ? {} : { seed: Number(process.env.TRANCA_SEED) }

/** What happens around the client, at which moment. */
const trouble = fc.record({
  afterMs: fc.integer({ min: 0, max: 40 }),
  what: fc.constantFrom('cut', 'kill', 'freeze', 'transfer', 'nobody', 'restart' as const),
  lastsMs: fc.integer({ min: 1, max: 900 }),
})

const plan = fc.record({
  seed: fc.nat(),
  owners: fc.integer({ min: 1, max: 6 }),
  steps: fc.integer({ min: 1, max: 12 }),
  troubles: fc.array(trouble, { maxLength: 6 }),
  refusals: fc.array(
    fc.constantFrom<Fate>(
      'lose',
      'loseAnswer',
      { refuse: 'notLeader' },
      { refuse: 'uncertain' },
      { refuse: 'noLeader' },
    ),
    { maxLength: 6 },
  ),
})

/**
 * Owners draw numbers, take locks, and sometimes give up, while connections break and leaders come and go. At
 * the end each answered request has been executed once, no number was drawn twice, and nothing is left held.
 */
await t.test(
  'whatever breaks, each request is done once and nothing is left behind',
  { timeout: 600_000 },
  async (t) => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ seed, owners, steps, troubles, refusals }) => {
        const kit = fakeCluster({ seed })
        const { world, cluster } = kit
        const fates = [...refusals]
        cluster.fate = () => (world.random.fraction() < 0.1 ? (fates.pop() ?? 'pass') : 'pass')
        const session = await world.until(connect({ ...kit.reach, namespace: 'test', ttlMs: 60_000 }))
        const issued: string[] = []
        let answered = 0
        const inside = new Map<string, string>()

        const work = async (one: Session, name: string) => {
          const owner = one.owner(name)
          for (let step = 0; step < steps; step++) {
            const number = await owner.sequence('shared').next()
            issued.push(number.value)
            await owner.sequence(`own-${name}-${step}`).next()
            answered++
            const abort = new AbortController()
            if (world.random.fraction() < 0.3) {
              world.setTimer(() => abort.abort(), world.random.fraction() * 5)
            }
            try {
              const lock = await owner.lock(world.random.fraction() < 0.5 ? 'a' : ['a', 'b'], {
                signal: abort.signal,
              })
              if (inside.has('a')) throw new Error(`${name} is inside with ${inside.get('a')}`)
              inside.set('a', name)
              await owner.sequence(`in-${name}-${step}`).next()
              inside.delete('a')
              await lock.release()
            } catch (error) {
              if (!(error instanceof TrancaError) || error.code !== 'aborted') throw error
            }
          }
        }
        let dueMs = 0
        for (const { afterMs, what, lastsMs } of troubles) {
          dueMs += afterMs
          world.setTimer(() => {
            const node = cluster.leader
            if (node === undefined) return
            if (what === 'cut') node.cutAll()
            else if (what === 'kill') {
              cluster.kill(lastsMs / 10)
              world.setTimer(() => {
                node.isUp = true
                if (cluster.leader === undefined) cluster.lead(node)
              }, lastsMs)
            } else if (what === 'freeze') {
              cluster.freeze(lastsMs)
              world.setTimer(() => {
                node.thaw()
                if (cluster.leader === undefined) cluster.lead(node)
              }, lastsMs * 2)
            } else if (what === 'transfer') cluster.lead(cluster.nodes[world.random.below(3)]!)
            else {
              cluster.lead(undefined)
              cluster.electLater(lastsMs, () => cluster.nodes.find((one) => one.isUp && !one.isFrozen))
            }
          }, dueMs)
        }
        await world.until(
          Promise.all(Array.from({ length: owners }, (_, i) => work(session, `u${i}`))),
          120_000,
        )
        await world.pass(3_000)

        if (new Set(issued).size !== issued.length) throw new Error('a number was drawn twice')
        if (cluster.ledger.counters.get('shared') !== issued.length) throw new Error('a number was lost')
        for (const [name, last] of cluster.ledger.counters) {
          if (name.startsWith('own-') && last !== 1) throw new Error(`${name} was executed ${last} times`)
        }
        if (answered !== owners * steps) throw new Error('a request was not answered')
        if (cluster.ledger.locks.size > 0) throw new Error('a lock was left behind')
        if (cluster.ledger.waitingCount > 0) throw new Error('a waiter was left behind')
        if (session.outstandingCount > 0)
          throw new Error(`${session.outstandingCount} requests are still in the table`)
        if (cluster.ledger.opened.length !== 1) throw new Error('another session was opened')
        await world.until(session.close())
        if (cluster.ledger.sessions.size > 0) throw new Error('the session was left behind')
      }),
      { numRuns: Number(process.env.TRANCA_RUNS ?? 150), verbose: 1, ...fixedSeed },
    )
    t.pass('no counterexample')
  },
)
