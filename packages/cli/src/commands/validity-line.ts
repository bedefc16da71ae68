import type { Context } from '../context.ts'
import { formatMoment } from '../durations.ts'
import type { TextKey } from '../texts/index.ts'

/** The line above every license table: the end of the key is always visible. */
export function sayValidity(
  { out, texts }: Context,
  validity: {
    readonly state: string
    readonly reason: string
    readonly validUntil: string
    readonly customer: string
    readonly serial: number
  },
): void {
  const { state, reason, validUntil, customer, serial } = validity
  const key: TextKey = serial === 0 ? 'say.unlicensed' : 'say.validity'
  const why = reason === '' ? '' : ` (${texts.find(`word.${reason}`) ?? reason})`
  out.line(texts.get(key, { state: `${out.word(state)}${why}`, until: validUntil, customer, serial }))
}

/** Says nothing of a key that needs no online validation. */
export function sayValidated(
  { out, texts }: Context,
  {
    validatedMs,
    toleranceDays: days,
  }: { readonly validatedMs?: number | undefined; readonly toleranceDays?: number | undefined },
): void {
  if (validatedMs === undefined || days === undefined) return
  out.line(texts.get('say.validated', { when: formatMoment(validatedMs), days }))
}
