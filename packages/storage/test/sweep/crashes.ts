import { strict as assert } from 'node:assert'
import { Buffer } from 'node:buffer'
import { nothing } from '../../src/directory.ts'
import { diskStores } from '../../src/disk-stores.ts'
import { MemoryDisk } from '../../src/memory-disk.ts'
import type { NodeStorage } from '../../src/node-storage.ts'
import { resetForRejoin } from '../../src/rejoin.ts'
import { confState, directory, hard, openOn, powerCycle, randomFrom, tiny } from '../kit.ts'
import { live, makeLeader, Witness } from '../scenario.ts'
import { Tally } from './verdict.ts'

/** A run of which every storage call is tried as the last one before the power fails. */
interface Scenario {
  /** What lies on the disk before. */
  readonly prepare: (disk: MemoryDisk, seed: number) => Promise<Witness>
  readonly run: (disk: MemoryDisk, witness: Witness) => Promise<void>
  /** Opens what the crash left and throws when something is missing. */
  readonly check: (disk: MemoryDisk, witness: Witness) => Promise<void>
}

export const crashScenarios = ['life', 'snapshot', 'recovery', 'rejoin', 'founding'] as const
export type CrashScenario = (typeof crashScenarios)[number]

/**
 * Lets the power fail at each storage call of a run that changes something. The first variant loses all that
 * may be lost; in the others `random` decides what is kept, lost, and torn at sectors.
 */
export async function crashEverywhere(
  name: CrashScenario,
  options: { variants: number; seed: number },
): Promise<Tally> {
  const leader = name === 'snapshot' || name === 'rejoin' ? await makeLeader() : undefined
  const scenario = scenarioOf(name, leader)
  const dry = new MemoryDisk()
  const expected = await scenario.prepare(dry, options.seed)
  const before = dry.mutations
  await scenario.run(dry, expected)
  // Torn beginnings differ a little in what the recovery has to do.
  const calls = dry.mutations - before + 4
  const tally = new Tally()
  for (let call = 1; call <= calls; call++) {
    for (let variant = 0; variant < options.variants; variant++) {
      const seed = options.seed * 1_000_000 + call * 1000 + variant
      const disk = new MemoryDisk(variant === 0 ? {} : { random: randomFrom(seed) })
      const witness = await scenario.prepare(disk, seed)
      disk.crashAt = disk.mutations + call
      await scenario.run(disk, witness).catch((error: unknown) => {
        if (disk.mutations < disk.crashAt) throw error
      })
      // What the power failure rejected runs out before the power is back.
      await new Promise((done) => setImmediate(done))
      powerCycle(disk)
      try {
        await scenario.check(disk, witness)
        tally.recovered++
      } catch (error) {
        const text = error instanceof Error ? error.message : error
        tally.failures.push(`${name}: crash at call ${call}, seed ${seed}: ${text}`)
      }
    }
  }
  await leader?.close()
  return tally
}

function scenarioOf(name: CrashScenario, leader: NodeStorage | undefined): Scenario {
  const fresh = async () => new Witness()
  const liveThrough = async (disk: MemoryDisk, witness: Witness) => {
    const storage = await openOn(disk)
    await live(storage, witness, leader)
    await storage.close()
  }
  switch (name) {
    case 'life':
    case 'snapshot':
      return { prepare: fresh, run: liveThrough, check: worksOn }
    case 'recovery':
      return { prepare: tornEnd, run: async (disk) => void (await openOn(disk)), check: worksOn }
    case 'rejoin':
      return { prepare: damagedDirectory, run: rejoin(leader!), check: staysWithoutVote }
    case 'founding':
      return { prepare: fresh, run: found, check: emptyOrFounded }
  }
}

/** All that was acknowledged is there; it can be written on, and a third start sees that too. */
async function worksOn(disk: MemoryDisk, witness: Witness): Promise<void> {
  const again = await openOn(disk)
  witness.check(again)
  const last = again.log.lastIndex()
  await again.log.append({
    entries: [{ index: last + 1, term: 9, type: 'normal', data: Buffer.alloc(300, 1) }],
  })
  await again.log.append({ hardState: { term: 9, vote: 0, commit: last } })
  powerCycle(disk)
  const third = await openOn(disk)
  assert.equal(third.log.lastIndex(), last + 1, 'the end of the log at the third start')
  assert.equal(third.log.hardState.term, 9, 'the term at the third start')
  await third.close()
}

/** A first crash that leaves a torn end of the log, so that the recovery has work to do. */
async function tornEnd(disk: MemoryDisk, seed: number): Promise<Witness> {
  const witness = new Witness()
  disk.crashAt = 40 + (seed % 40)
  await openOn(disk)
    .then((storage) => live(storage, witness))
    .catch(() => {})
  await new Promise((done) => setImmediate(done))
  powerCycle(disk)
  return witness
}

async function damagedDirectory(disk: MemoryDisk): Promise<Witness> {
  const storage = await openOn(disk)
  await live(storage, new Witness())
  await storage.close()
  for (const path of disk.files().keys()) if (path.includes('/log/')) disk.plant(path, undefined)
  return new Witness(nothing.confState)
}

function rejoin(leader: NodeStorage): Scenario['run'] {
  return async (disk, witness) => {
    await resetForRejoin({
      directory,
      clusterId: 'erp',
      nodeId: '1',
      disk,
      stores: diskStores(disk),
      limits: tiny,
    })
    const storage = await openOn(disk)
    assert.equal(storage.rejoining, true)
    witness.startsAcked = storage.starts
    await witness.append(storage, { hardState: hard(4, 0, 0) })
    await witness.install(storage, leader, hard(4, 0, 55))
    await storage.close()
  }
}

/** The damaged directory is still refused, or the new one is there, with its mark and what it acknowledged. */
async function staysWithoutVote(disk: MemoryDisk, witness: Witness): Promise<void> {
  const storage = await openOn(disk).catch((error: { code?: string }) => {
    assert.ok(witness.logAcked === 0 && error.code?.startsWith('LOG_'), `refused with ${error.code}`)
  })
  if (storage === undefined) return
  assert.equal(storage.rejoining, true, 'the mark of a node that rejoins')
  witness.check(storage)
  await storage.close()
}

const firstRows = [
  { key: 'x', value: 1 },
  { key: 'n/1', value: { id: 1 } },
]

async function found(disk: MemoryDisk, witness: Witness): Promise<void> {
  const storage = await openOn(disk)
  await storage.found(firstRows, { index: 1, term: 1, confState })
  witness.ledgerAcked = 1
  await storage.close()
}

async function emptyOrFounded(disk: MemoryDisk, witness: Witness): Promise<void> {
  const storage = await openOn(disk)
  const { meta, rows, log } = storage
  const state = [meta.index, rows.length, log.firstIndex(), log.lastIndex()].join()
  const allowed = witness.ledgerAcked === 1 ? ['1,2,2,1'] : ['0,0,1,0', '1,2,2,1']
  assert.ok(allowed.includes(state), `checkpoint, rows, first and last entry are ${state}`)
  await storage.close()
}
