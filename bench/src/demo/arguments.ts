import { readArguments } from '@tranca/tool'

export interface DemoArguments {
  readonly fresh: boolean
  readonly exit: boolean
  readonly help: boolean
  readonly workload: string | undefined
  readonly directory: string | undefined
  readonly history: string | undefined
}

export const helpText = `Usage: npm start -- [options]

Starts a cluster of three processes on loopback, issues a development license key for it, runs an ERP's morning
against it, kills the leader in the middle, and checks that nothing was lost, doubled or held twice, and that no
more licenses were in use than are in force.

Options:
  --fresh            begin with an empty cluster (default: the numbers of the last run go on)
  --exit             end after the summary; exit code 0 only if the audit holds
  --workload FILE    another workload (default: bench/workloads/erp-morning.json)
  --directory DIR    where the cluster keeps its data (default: .tranca/demo)
  --history FILE     keep what clients saw of locks and numbers, for npm run check-history
  --help             this text

Examples:
  npm start
  npm start -- --fresh --exit
  npm start -- --workload my-workload.json --directory /var/tmp/tranca-demo

Exit codes: 0 the audit holds, 1 it does not, 2 wrong arguments or workload, 6 the run failed.
`

/** @throws UsageError */
export function parseArguments(args: readonly string[]): DemoArguments {
  const { values } = readArguments(args, {
    options: {
      fresh: { type: 'boolean', default: false },
      exit: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      workload: { type: 'string' },
      directory: { type: 'string' },
      history: { type: 'string' },
    },
  })
  const { fresh, exit, help, workload, directory, history } = values
  return { fresh, exit, help, workload, directory, history }
}
