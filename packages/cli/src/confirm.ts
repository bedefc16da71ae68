import type { Context } from './context.ts'
import { usage } from './errors.ts'

/** Asks before what cannot be undone; where nobody can be asked, `--yes` must have been said. */
export async function confirm(context: Context, question: string, yes: boolean | undefined): Promise<void> {
  if (yes === true) return
  const { io, texts } = context
  if (io.ask === undefined) throw usage(texts.get('say.needYes', { question }))
  const answer = (await io.ask(texts.get('say.ask', { question }))).trim().toLowerCase()
  if (!['y', 'yes', 's', 'sim'].includes(answer)) throw usage(texts.get('say.notDone'))
}
