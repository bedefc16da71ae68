import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { takeBaseline } from '../src/baseline.ts'
import { mutants } from '../src/catalog/all.ts'
import { ProductCopy } from '../src/copy.ts'
import { builtFile, hunt } from '../src/hunt.ts'
import { type Mutant, mutate } from '../src/mutant.ts'
import { transpile } from '../src/transpile.ts'

const root = fileURLToPath(new URL('../../../..', import.meta.url))

await t.test('every bug has one place in the source, and compiles', async (t) => {
  for (const mutant of mutants) {
    const source = readFileSync(join(root, mutant.file), 'utf8')
    const text = mutate(mutant, source)
    t.not(text, source, mutant.id)
    t.ok(transpile(mutant.file, text).length > 0)
    t.ok(existsSync(join(root, builtFile(mutant.file))), `${mutant.file} is built where it is looked for`)
    t.ok(mutant.catchers.length > 0, `${mutant.id} has somebody to catch it`)
  }
  t.equal(new Set(mutants.map(({ id }) => id)).size, mutants.length, 'ids are unique')
})

await t.test('tables that are to catch a bug exist', async (t) => {
  for (const { id, catchers } of mutants) {
    for (const catcher of catchers) {
      const [room, file] = catcher.startsWith('table:') ? catcher.slice('table:'.length).split('/') : []
      if (room === undefined) continue
      t.ok(existsSync(join(root, `packages/${room}/test/${file}.test.ts`)), `${id}: ${catcher}`)
    }
  }
})

await t.test('a place that is gone, or not the only one, is told', async (t) => {
  const mutant = { ...mutants[0]!, file: 'x.ts', find: 'a', replace: 'b' }
  t.throws(() => mutate(mutant, 'none'), /no longer applies: "a" occurs 0 times in x.ts/)
  t.throws(() => mutate(mutant, 'a a'), /occurs 2 times/)
  t.equal(mutate({ ...mutant, replace: '$&$1' }, 'an'), '$&$1n')
})

const halfIsMajority = mutants.find(({ id }) => id === 'half-is-majority')!

const copy = await ProductCopy.make(root)
t.teardown(() => copy.remove())
const options = {
  root,
  greenMs: new Map([['table:raft-ts/quorum', 1000]] as const),
  seeds: 1,
  allMeans: false,
}

await t.test('a bug is caught, and named with who caught it', async (t) => {
  const report = await hunt(halfIsMajority, copy, options)
  t.equal(report.error, undefined)
  t.match(report.kills, [{ catcher: 'table:raft-ts/quorum', by: /./ }])
})

await t.test('who is red without a bug is told with what it printed', async (t) => {
  const built = builtFile(halfIsMajority.file)
  await copy.replace(built, 'throw new Error("broken in the copy")')
  const catcher = 'table:raft-ts/quorum'
  const { red, greenMs } = await takeBaseline(copy.root, [catcher], { seeds: 1, jobs: 1 })
  await copy.restore(built)
  t.equal(greenMs.size, 0)
  t.match(red.get(catcher), { by: /./, output: /SyntaxError/ })
})

await t.test('an edit that changes nothing survives, also after another bug', async (t) => {
  const harmless: Mutant = { ...halfIsMajority, replace: `${halfIsMajority.find} // the same` }
  const report = await hunt(harmless, copy, options)
  t.equal(report.error, undefined)
  t.strictSame(report.kills, [])
  t.strictSame(report.missed, ['table:raft-ts/quorum'])
  const built = builtFile(harmless.file)
  t.equal(readFileSync(join(copy.root, built), 'utf8'), readFileSync(join(root, built), 'utf8'))
})
