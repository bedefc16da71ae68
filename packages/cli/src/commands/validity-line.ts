import type { Context } from '../context.ts'
import type { TextKey } from '../texts/index.ts'

/** The line that every license table begins with: the end of the key is always visible. */
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
  out.line('')
}
