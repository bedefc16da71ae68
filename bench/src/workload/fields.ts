import type { Range } from './workload.ts'

/** A workload file says something that cannot be run. The message names field, value and what was expected. */
export class WorkloadError extends Error {
  readonly code = 'WORKLOAD_INVALID'
  readonly field: string

  constructor(file: string, field: string, value: unknown, expected: string) {
    const shown = value === undefined ? 'missing' : quote(value)
    super(`${file}: ${field}: ${shown}, expected ${expected}`)
    this.name = 'WorkloadError'
    this.field = field
  }
}

/** Longest time that a workload may name. */
export const dayMs = 86_400_000

/** Longest quotation of a wrong value, characters. */
const quotedMax = 60

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= quotedMax ? text : `${text.slice(0, quotedMax)}...`
}

/** One object of the file, read field by field; a field that nobody asks for is an error. */
export class Fields {
  readonly path: string
  readonly #file: string
  readonly #values: Readonly<Record<string, unknown>>
  readonly #asked = new Set<string>()

  constructor(file: string, path: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new WorkloadError(file, path === '' ? 'the file' : path, value, 'an object')
    }
    this.#file = file
    this.path = path
    this.#values = value as Readonly<Record<string, unknown>>
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#values, name)
  }

  fail(name: string, expected: string): never {
    throw new WorkloadError(this.#file, this.#at(name), this.#take(name), expected)
  }

  text(name: string, options: { readonly empty?: boolean } = {}): string {
    const value = this.#take(name)
    if (typeof value !== 'string' || (value === '' && options.empty !== true)) this.fail(name, 'a text')
    return value
  }

  oneOf<const T extends string>(name: string, words: readonly T[]): T {
    const value = this.#take(name)
    const word = words.find((each) => each === value)
    if (word === undefined) this.fail(name, `one of ${words.join(', ')}`)
    return word
  }

  whole(name: string, min: number, max: number): number {
    const value = this.#take(name)
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      this.fail(name, `a whole number from ${min} to ${max}`)
    }
    return value
  }

  /** Above 0 and below 1. */
  share(name: string): number {
    const value = this.#take(name)
    if (typeof value !== 'number' || !(value > 0 && value < 1)) this.fail(name, 'a number between 0 and 1')
    return value
  }

  percent(name: string): number {
    const value = this.#take(name)
    if (typeof value !== 'number' || !(value >= 0 && value <= 100))
      this.fail(name, 'a percentage from 0 to 100')
    return value
  }

  /** `[min, max]` */
  range(name: string, max: number, min = 0): Range {
    const value = this.#take(name)
    const [from, to] = Array.isArray(value) && value.length === 2 ? (value as unknown[]) : []
    const fits = Number.isInteger(from) && Number.isInteger(to)
    if (!fits || (from as number) < min || (to as number) < (from as number) || (to as number) > max) {
      this.fail(name, `[from, to], whole numbers from ${min} to ${max}`)
    }
    return { min: from as number, max: to as number }
  }

  texts(name: string, min: number): string[] {
    const value = this.#take(name)
    const fits = Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '')
    if (!fits || value.length < min || new Set(value).size !== value.length) {
      this.fail(name, `a list of at least ${min} different texts`)
    }
    return value as string[]
  }

  object(name: string): Fields {
    return new Fields(this.#file, this.#at(name), this.#take(name))
  }

  objects(name: string, min: number, max: number): Fields[] {
    const value = this.#take(name)
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      this.fail(name, `a list of ${min} to ${max} objects`)
    }
    return value.map((each, position) => new Fields(this.#file, `${this.#at(name)}[${position}]`, each))
  }

  /** The names of all fields, for objects whose keys are names. */
  names(): string[] {
    return Object.keys(this.#values)
  }

  /** To be called when all has been read. */
  done(): void {
    for (const name of Object.keys(this.#values)) {
      if (!this.#asked.has(name)) this.fail(name, `none but ${[...this.#asked].join(', ')}`)
    }
  }

  #take(name: string): unknown {
    this.#asked.add(name)
    return this.has(name) ? this.#values[name] : undefined
  }

  #at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`
  }
}
