import { limits } from '../limits.ts'

/**
 * Thrown inside the codec and turned into a refusal at its border. It is no Error on purpose: hostile bytes
 * must not make the node collect stack traces.
 */
export class Malformed {
  field: string
  readonly value: string
  readonly expected: string

  constructor(field: string, value: string, expected: string) {
    this.field = field
    this.value = value
    this.expected = expected
  }

  /** Puts the name of the enclosing field in front: `mode` becomes `locks[0].mode`. */
  within(parent: string): this {
    if (this.field === '') this.field = parent
    else this.field = this.field.startsWith('[') ? parent + this.field : `${parent}.${this.field}`
    return this
  }
}

/** A value as a refusal quotes it: short, on one line. */
export function quote(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'nil'
  if (typeof value === 'string') {
    const cut = value.length > limits.quoteMax
    return JSON.stringify(cut ? value.slice(0, limits.quoteMax) : value) + (cut ? '...' : '')
  }
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object') return 'a map'
  return String(value).slice(0, limits.quoteMax)
}
