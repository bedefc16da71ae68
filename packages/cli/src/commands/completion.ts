import type { Command } from 'commander'
import { type Kit, leaf } from '../command-kit.ts'
import { usage } from '../errors.ts'

/** Prints a script that completes the names of commands and options; it is made from the commands themselves. */
export function addCompletion(kit: Kit, program: Command): void {
  leaf(
    kit,
    program,
    {
      name: 'completion',
      help: 'help.completion',
      args: [['<shell>', 'argument.shell']],
      shared: 'none',
      examples: [
        'source <(tranca completion bash)',
        'tranca completion zsh > ~/.zsh/completions/_tranca',
        'tranca completion fish > ~/.config/fish/completions/tranca.fish',
      ],
      exits: ['ok', 'usage'],
    },
    async (context, _options: object, shell: string) => {
      const words = wordsByCommand(program)
      switch (shell) {
        case 'bash':
          return context.out.raw(bash(words))
        case 'zsh':
          return context.out.raw(
            `#compdef tranca\nautoload -U +X bashcompinit && bashcompinit\n${bash(words)}`,
          )
        case 'fish':
          return context.out.raw(fish(words))
        default:
          throw usage(`'${shell}' is no shell that is known: expected bash, zsh or fish`)
      }
    },
  )
}

/** What may follow each command: `'' -> lock, status...`, `lock -> list...`, `lock list -> --prefix...`. */
function wordsByCommand(program: Command): ReadonlyMap<string, readonly string[]> {
  const words = new Map<string, readonly string[]>()
  const visit = (command: Command, path: string): void => {
    const options = command.options.filter((option) => !option.hidden).map((option) => option.long ?? '')
    words.set(path, [
      ...command.commands.map((each) => each.name()),
      ...options.filter((long) => long !== ''),
      '--help',
    ])
    for (const each of command.commands) visit(each, path === '' ? each.name() : `${path} ${each.name()}`)
  }
  visit(program, '')
  return words
}

function bash(words: ReadonlyMap<string, readonly string[]>): string {
  const cases = [...words].map(([path, list]) => `    '${path}') words='${list.join(' ')}' ;;`)
  return `_tranca() {
  local path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case " $path" in *' '*' '*) ;; *) path="\${path:+$path }$word" ;; esac ;; esac
  done
  while :; do
    case "$path" in
${cases.map((line) => `  ${line}`).join('\n')}
    esac
    if [ -n "$words" ] || [ -z "$path" ]; then break; fi
    case "$path" in *' '*) path="\${path% *}" ;; *) path='' ;; esac
  done
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _tranca tranca
`
}

function fish(words: ReadonlyMap<string, readonly string[]>): string {
  const lines: string[] = []
  for (const [path, list] of words) {
    const [noun, verb] = path.split(' ')
    const seen = verb === undefined ? noun : verb
    const condition =
      path === ''
        ? '__fish_use_subcommand'
        : verb === undefined
          ? `__fish_seen_subcommand_from ${seen}`
          : `__fish_seen_subcommand_from ${noun}; and __fish_seen_subcommand_from ${verb}`
    for (const word of list) {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`
      lines.push(`complete -c tranca -n '${condition}' ${what}`)
    }
  }
  return `${lines.join('\n')}\n`
}
