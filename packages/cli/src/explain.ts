import { TrancaError } from '@tranca/client'
import { formatDuration, formatMoment } from './durations.ts'
import { CliError } from './errors.ts'
import { exitCodeFor } from './exit-codes.ts'
import { isLicenseDetail, licenseFields } from './explain-license.ts'
import { printable } from './table.ts'
import type { Texts, TextValues } from './texts/index.ts'

export interface Explanation {
  readonly code: string
  readonly exitCode: number
  /** For people: what happened, who holds it, what to do. */
  readonly text: string
  readonly detail: Readonly<Record<string, unknown>>
}

interface HolderLike {
  readonly session?: unknown
  readonly client?: unknown
  readonly owner?: unknown
  readonly token?: unknown
  readonly sinceMs?: unknown
}

const HOLDERS_SHOWN = 3

/** Turns what was thrown into a code, an exit code and a sentence of the catalogue. */
export function explain(error: unknown, texts: Texts): Explanation {
  const message = error instanceof Error ? error.message : String(error)
  const code = codeOf(error)
  const detail = detailOf(error)
  const values = fields(detail, message, texts)
  const known = code === undefined ? undefined : texts.find(`cause.${variantOf(code, detail)}`, values)
  const exitCode = exitCodeFor(code, error instanceof TrancaError || error instanceof CliError)
  if (known !== undefined) return { code: code!, exitCode, text: known, detail }
  if (code !== undefined) return { code, exitCode, text: message, detail }
  if (error instanceof RangeError) {
    // The client and the cluster's configuration say so which option is out of range.
    return { code: 'USAGE', exitCode: exitCodeFor('USAGE', false), text: message, detail }
  }
  const text = texts.get('cause.INTERNAL', { message })
  return { code: 'INTERNAL', exitCode: exitCodeFor('INTERNAL', false), text, detail }
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** A cause that is two things for people has two texts. */
function variantOf(code: string, detail: Readonly<Record<string, unknown>>): string {
  return code === 'keyExpired' && 'day' in detail ? 'keyExpired.day' : code
}

function detailOf(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof TrancaError || error instanceof CliError) return error.detail
  if (typeof error === 'object' && error !== null && 'detail' in error) {
    const { detail } = error
    if (typeof detail === 'object' && detail !== null) return detail as Record<string, unknown>
  }
  return {}
}

function fields(detail: Readonly<Record<string, unknown>>, message: string, texts: Texts): TextValues {
  const values: Record<string, string | number> = { message }
  for (const [name, value] of Object.entries(detail)) {
    if (typeof value === 'number') values[name] = value
    else if (typeof value === 'string') values[name] = name === 'lines' ? value : printable(value)
    else if (typeof value === 'boolean') values[name] = String(value)
  }
  if (typeof detail.remainingMs === 'number') values.remaining = formatDuration(detail.remainingMs)
  if (typeof detail.nowMs === 'number') values.now = formatMoment(detail.nowMs)
  values.holders = holdersText(holdersOf(detail), texts)
  if (Array.isArray(detail.cycle)) values.cycle = cycleText(detail.cycle)
  values.queued ??= 0
  return isLicenseDetail(detail) ? { ...values, ...licenseFields(detail, texts) } : values
}

function holdersOf(detail: Readonly<Record<string, unknown>>): readonly HolderLike[] {
  if (Array.isArray(detail.holders)) return detail.holders as HolderLike[]
  return typeof detail.holder === 'object' && detail.holder !== null ? [detail.holder as HolderLike] : []
}

/** Who holds it, the first few by name. */
export function holdersText(holders: readonly HolderLike[], texts: Texts): string {
  if (holders.length === 0) return texts.get('say.nobody')
  const shown = holders.slice(0, HOLDERS_SHOWN).map((holder) =>
    texts.get('say.holder', {
      owner: printable(String(holder.owner ?? '?')),
      client: printable(String(holder.client ?? '?')),
      session: String(holder.session ?? '?'),
      since: typeof holder.sinceMs === 'number' ? formatMoment(holder.sinceMs) : '?',
      token: String(holder.token ?? '?'),
    }),
  )
  const more = holders.length - shown.length
  return more > 0 ? `${shown.join(', ')} +${more}` : shown.join(', ')
}

function cycleText(cycle: readonly unknown[]): string {
  return cycle
    .map((each) => {
      const { owner, name } = (each ?? {}) as { owner?: unknown; name?: unknown }
      return printable(`${String(owner ?? '?')} -> ${String(name ?? '?')}`)
    })
    .join(', ')
}
