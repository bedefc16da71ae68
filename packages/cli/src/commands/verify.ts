import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type Kit, leaf } from '../command-kit.ts'
import { Exit, usage } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'

export function addVerify(kit: Kit, program: Command): void {
  leaf(
    kit,
    program,
    {
      name: 'verify',
      help: 'help.verify',
      args: [['<directory>', 'argument.directory']],
      shared: 'output',
      examples: [
        'tranca verify .tranca/dev/n1',
        'tranca verify /var/lib/tranca -o json',
        'tranca verify data/n2 && echo fine',
      ],
      exits: ['ok', 'usage', 'damaged'],
    },
    async (context, _options: object, given: string) => {
      const { out } = context
      const directory = resolve(given)
      if (!existsSync(directory)) throw usage(`${directory}: there is no such directory`)
      const { nodeDisk, verifyDirectory } = await import('@tranca/storage')
      const report = await verifyDirectory(nodeDisk(), directory)
      const problems = report.findings.filter((finding) => finding.severity === 'error').length
      out.data({ directory, ...report }, () => {
        for (const [name, value] of flat(report.summary)) out.line(`${name}: ${value}`)
        if (report.findings.length > 0) {
          out.line('')
          out.table(
            ['severity', 'file', 'finding'],
            report.findings.map((finding) => [finding.severity, place(finding), finding.text]),
          )
        }
        if (problems === 0) out.say('say.verifyFine', { directory })
        else out.say('say.verifyProblems', { directory, count: problems })
      })
      if (!report.ok) throw new Exit(exitCodes.damaged)
    },
  )
}

/** `log.lastIndex: 42` and so on: one line a fact. */
function flat(summary: object, above = ''): [string, string][] {
  return Object.entries(summary).flatMap(([name, value]: [string, unknown]): [string, string][] => {
    if (value === undefined) return []
    if (typeof value === 'object' && value !== null) return flat(value, `${above}${name}.`)
    return [[`${above}${name}`, String(value)]]
  })
}

function place(finding: { readonly file: string; readonly offset?: number }): string {
  return finding.offset === undefined ? finding.file : `${finding.file}:${finding.offset}`
}
