import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { makeGolden } from './golden.ts'
import { renderPage } from './reference.ts'

// Files that are made from the schemas. `node dist/test/kit/files.js docs|golden` writes them anew.

const root = new URL('../../../', import.meta.url)
export const goldenPath = fileURLToPath(new URL('testdata/golden.json', root))
export const pagePath = fileURLToPath(new URL('../../docs/protocol.md', root))
export const pythonDirectory = fileURLToPath(new URL('python/', root))

export function goldenText(): string {
  return `${JSON.stringify(makeGolden(), null, 1)}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === 'docs') writeFileSync(pagePath, renderPage(readFileSync(pagePath, 'utf8')))
  else if (process.argv[2] === 'golden') writeFileSync(goldenPath, goldenText())
  else throw new Error('say what to write: docs or golden')
}
