import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, sampleCatalog } from '@tranca/vendor'
import type { LicensesPlan } from '../workload/workload.ts'

/**
 * A vendor's desk of the demonstration's own, as `tranca-vendor` keeps it: key pair, order and register in one
 * folder. The register lasts as long as the cluster's data, so that serials go on growing.
 */
export class VendorDesk {
  readonly #folder: string

  constructor(directory: string) {
    this.#folder = join(directory, 'vendor')
  }

  /** File with the public key. Makes a key pair if there is none. */
  publicKeyFile(): string {
    const file = join(this.#folder, 'vendor-public.pem')
    if (!existsSync(file)) {
      mkdirSync(this.#folder, { recursive: true })
      this.#run(['keypair', '--out', this.#folder])
    }
    return file
  }

  /** Issues a license for what is contracted, with the next serial, and returns the key file's text. */
  issue({ installationId, products }: LicensesPlan): string {
    const order = join(this.#folder, 'order.json')
    const customer = { id: 'DEMO-0001', name: 'Demonstration' }
    const contract = { format: 1, customer, installationId, months: 4, utcOffsetMinutes: -180, products }
    writeFileSync(order, `${JSON.stringify(contract, undefined, 2)}\n`)
    const out = join(this.#folder, 'demo.key.json')
    this.#run([
      'issue',
      ...['--catalog', sampleCatalog, '--order', order],
      ...['--register', join(this.#folder, 'register.json')],
      ...['--private-key', join(this.#folder, 'vendor-private.pem')],
      ...['--out', out, '--force'],
    ])
    return readFileSync(out, 'utf8')
  }

  #run(args: readonly string[]): void {
    let said = ''
    const sink = { write: (text: string) => (said += text) }
    const exitCode = run(args, { stdout: sink, stderr: sink, env: {}, now: () => Date.now() })
    if (exitCode !== 0)
      throw new Error(`tranca-vendor ${args[0]} ended with exit code ${exitCode}: ${said.trim()}`)
  }
}
