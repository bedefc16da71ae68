import { en, type TextKey } from './en.ts'
import { ptBr } from './pt-br.ts'

export type { TextKey } from './en.ts'

export const languages = ['en', 'pt-BR'] as const
export type Language = (typeof languages)[number]

export const catalogues: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = { en, 'pt-BR': ptBr }

export type TextValues = Readonly<Record<string, string | number | undefined>>

/** The texts of one language. */
export class Texts {
  readonly language: Language

  constructor(language: Language) {
    this.language = language
  }

  /** The text with its fields filled in; a field that is not given stays visible as `?`. */
  get(key: TextKey, values: TextValues = {}): string {
    return catalogues[this.language][key].replace(/\{(\w+)\}/g, (_, field: string) =>
      String(values[field] ?? '?'),
    )
  }

  /** As {@link get}, for a key that may be unknown: `undefined` then. */
  find(key: string, values: TextValues = {}): string | undefined {
    return Object.hasOwn(en, key) ? this.get(key as TextKey, values) : undefined
  }
}

/** `--lang`, TRANCA_LANG, then what the environment says (LC_ALL, LC_MESSAGES, LANG); English if nothing fits. */
export function chooseLanguage(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Language {
  const named = optionValue(args) ?? env.TRANCA_LANG
  const said =
    named ?? [env.LC_ALL, env.LC_MESSAGES, env.LANG].find((each) => each !== undefined && each !== '')
  return said !== undefined && /^pt\b|^pt[_-]/i.test(said) ? 'pt-BR' : 'en'
}

/** Help must be in the right language already, so this option is read before all others. */
function optionValue(args: readonly string[]): string | undefined {
  for (const [at, arg] of args.entries()) {
    if (arg === '--') return undefined
    if (arg === '--lang') return args[at + 1]
    if (arg.startsWith('--lang=')) return arg.slice('--lang='.length)
  }
  return undefined
}
