import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  checkCatalog,
  checkOrder,
  emptyRegister,
  type Issued,
  issue,
  type Order,
  type Refusal,
  type Register,
  sampleCatalog,
} from '../src/index.ts'
import { run } from '../src/run.ts'

export const BIN = fileURLToPath(new URL('../../bin/tranca-vendor.js', import.meta.url))
export const developmentOrder = fileURLToPath(new URL('../../orders/development.json', import.meta.url))
export const splitPlan = fileURLToPath(new URL('../../orders/split.json', import.meta.url))

export const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'))
export const catalog = checkCatalog(readJson(sampleCatalog), '')
export const order: Order = {
  format: 1,
  customer: { id: 'C-1', name: 'Padaria São João' },
  installationId: 'acme',
  hardlockId: 'HL-1',
  utcOffsetMinutes: -180,
  onlineValidation: { toleranceDays: 5 },
  products: [
    { id: 4000, quantity: 10 },
    { id: 4001, quantity: 4, overdraft: 2 },
    { id: 4177, quantity: 100 },
    { id: 3100 },
  ],
}

/** An instant at the installation, in Brasília. */
export const at = (local: string): number => Date.parse(`${local}-03:00`)
export const noon = (day: string): number => at(`${day}T12:00:00`)

export const check = (value: unknown): Order => checkOrder(catalog)(value, '')

export function must<T extends { readonly ok: true }>(result: T | Refusal): T {
  if (!result.ok) throw new Error(`${result.code}: ${result.field} ${result.value}; ${result.expected}`)
  return result
}

/** A register with the order's installation in it. */
export function issued(day: string, change: Partial<Order> = {}, register: Register = emptyRegister): Issued {
  return must(issue({ register, catalog, order: check({ ...order, ...change }), nowMs: noon(day) }))
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The program in this process, with a clock and surroundings of the test's own. */
export function runAt(nowMs: number, args: readonly string[], env: Record<string, string> = {}): Ran {
  let stdout = ''
  let stderr = ''
  const code = run(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env,
    now: () => nowMs,
  })
  return { code, stdout, stderr }
}

/** The built program, as a user starts it. */
export function start(args: readonly string[], cwd: string): Ran {
  const env = { PATH: process.env.PATH ?? '' }
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    cwd,
    env,
    encoding: 'utf8',
  })
  return { code: status ?? -1, stdout, stderr }
}

export function seeded(runs: number): { numRuns: number; verbose: 1; seed?: number } {
  const seed = process.env.TRANCA_SEED
  return { numRuns: runs, verbose: 1, ...(seed === undefined ? {} : { seed: Number(seed) }) }
}
