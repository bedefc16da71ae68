import type { Io } from './io.ts'
import { type Column, formatTable, printable } from './table.ts'
import type { TextKey, Texts, TextValues } from './texts/index.ts'

export const outputForms = ['table', 'json'] as const
export type OutputForm = (typeof outputForms)[number]

type ColumnKey = Extract<TextKey, `column.${string}`>
export type ColumnName = ColumnKey extends `column.${infer Name}` ? Name : never

const numeric: ReadonlySet<string> = new Set([
  'id',
  'term',
  'commit',
  'applied',
  'lag',
  'starts',
  'token',
  'queued',
  'count',
  'total',
  'used',
  'inForce',
  'most',
  'atEntry',
  'free',
  'reserved',
  'gaps',
  'session',
  'locks',
  'codes',
  'permits',
  'reservations',
  'waiting',
  'revision',
  'product',
  'available',
  'waived',
  'queries',
  'peak',
  'units',
  'unit',
  'overdraft',
  'borrowed',
  'unitHours',
  'average',
  'checkouts',
  'connections',
  'denied',
  'grant',
  'serial',
  'amount',
])

/** Data goes to stdout, as a table or as JSON; talk goes to stderr and is silent with `json`. */
export class Output {
  readonly form: OutputForm
  readonly #io: Io
  readonly #texts: Texts

  constructor(io: Io, texts: Texts, form: OutputForm) {
    this.#io = io
    this.#texts = texts
    this.form = form
  }

  /** @param show says the same data for people */
  data(data: unknown, show: () => void): void {
    if (this.form === 'json') this.#io.stdout.write(`${JSON.stringify(data, jsonValue, 2)}\n`)
    else show()
  }

  /** One line of JSON, for streams. */
  jsonLine(data: unknown): void {
    this.#io.stdout.write(`${JSON.stringify(data, jsonValue)}\n`)
  }

  line(text: string): void {
    this.#io.stdout.write(`${printable(text)}\n`)
  }

  raw(text: string): void {
    this.#io.stdout.write(text)
  }

  table(names: readonly ColumnName[], rows: readonly (readonly (string | number | undefined)[])[]): void {
    if (rows.length === 0) {
      this.say('say.none')
      return
    }
    const columns: Column[] = names.map((name) => ({
      title: this.#texts.get(`column.${name}` as TextKey),
      align: numeric.has(name) ? 'right' : 'left',
    }))
    const cells = rows.map((row) =>
      row.map((cell) => (cell === undefined || cell === '' ? '-' : printable(String(cell)))),
    )
    this.#io.stdout.write(formatTable(columns, cells))
  }

  say(key: TextKey, values?: TextValues): void {
    if (this.form === 'json') return
    this.warn(key, values)
  }

  /** Said in every form: what a person must know. */
  warn(key: TextKey, values?: TextValues): void {
    this.#io.stderr.write(`${this.#texts.get(key, values)}\n`)
  }

  /** A word of the cluster's own, such as a role, in the user's language. */
  word(word: string): string {
    return this.#texts.find(`word.${word}`) ?? word
  }

  yesNo(value: boolean): string {
    return this.#texts.get(value ? 'word.yes' : 'word.no')
  }
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (value instanceof Error) return { code: (value as { code?: unknown }).code, message: value.message }
  return value
}
