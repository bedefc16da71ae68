import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What of a package is not needed to run it. */
const LEFT_OUT = new Set(['src', 'test', 'node_modules', 'tsconfig.json'])

/**
 * A copy of the built product in which a file can be replaced: the workspace's packages are files of its
 * own (a few megabytes), everything else in `node_modules` is a link to the original's.
 */
export class ProductCopy {
  readonly root: string
  readonly #original: string
  readonly #home: string

  private constructor(original: string, home: string) {
    this.#original = original
    this.#home = home
    this.root = join(home, 'product')
  }

  static async make(original: string): Promise<ProductCopy> {
    const copy = new ProductCopy(original, await mkdtemp(join(tmpdir(), 'tranca-mutant-')))
    try {
      await copy.#fill()
    } catch (error) {
      await copy.remove()
      throw error
    }
    return copy
  }

  async #fill(): Promise<void> {
    const { root } = this
    const original = this.#original
    await mkdir(join(root, 'node_modules', '@tranca'), { recursive: true })
    for (const name of await readdir(join(original, 'node_modules'))) {
      if (name !== '@tranca')
        await symlink(join(original, 'node_modules', name), join(root, 'node_modules', name))
    }
    for (const name of await readdir(join(original, 'packages'))) {
      await copyTree(join(original, 'packages', name), join(root, 'packages', name), LEFT_OUT)
      await symlink(join(root, 'packages', name), join(root, 'node_modules', '@tranca', name))
    }
    await copyTree(join(original, 'cluster-configs'), join(root, 'cluster-configs'))
    await copyFile(join(original, 'package.json'), join(root, 'package.json'))
    // Given material lies beside the repository, and programs look for it there.
    const shared = join(original, '..', 'shared')
    if (existsSync(shared)) await symlink(shared, join(this.#home, 'shared'))
  }

  /** Replaces one file; the original keeps its own. */
  replace(path: string, text: string): Promise<void> {
    return writeFile(join(this.root, path), text)
  }

  /** The file is again as it was copied. */
  restore(path: string): Promise<void> {
    return copyFile(join(this.#original, path), join(this.root, path))
  }

  remove(): Promise<void> {
    return rm(this.#home, { recursive: true, force: true })
  }
}

async function copyTree(from: string, to: string, leftOut: ReadonlySet<string> = new Set()): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (leftOut.has(entry.name)) continue
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await copyTree(source, target)
    else if (!entry.name.endsWith('.map') && !entry.name.endsWith('.d.ts')) await copyFile(source, target)
  }
}
