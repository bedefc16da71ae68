import type { Command } from 'commander'
import { group, type Kit, leaf } from '../command-kit.ts'
import { Exit } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'

export function addNode(kit: Kit, program: Command): void {
  const node = group(kit, program, 'node', 'help.node')
  const start = leaf(
    kit,
    node,
    {
      name: 'start',
      help: 'help.node.start',
      options: [['-c, --config <file>', 'option.config']],
      shared: 'none',
      examples: [
        'tranca node start --config cluster-configs/one-node.yml',
        'tranca node start -c cluster-configs/three-nodes/n1.yml',
        'tranca node start -c /etc/tranca/node.yml | tee -a node.log',
      ],
      exits: ['ok', 'usage', 'damaged', 'internal'],
    },
    async (context, options: { config: string; untilStdinEnds?: boolean }) => {
      // Only this command carries the weight of a node.
      const { loadConfig, openNode } = await import('@tranca/node')
      const stopper = new Stopper(context.io.onSignal)
      if (options.untilStdinEnds)
        process.stdin
          .on('end', () => stopper.stop())
          .on('error', () => stopper.stop())
          .resume()
      try {
        const running = await openNode(loadConfig(options.config))
        const failure = await Promise.race([stopper.asked, running.whenStopped])
        // Hands leadership over first; a second signal does not wait for that.
        await Promise.race([running.close(), stopper.insisted])
        if (failure !== undefined) throw failure
        if (stopper.count > 1) throw new Exit(exitCodes.refused)
      } finally {
        stopper.done()
        process.stdin.pause()
      }
    },
  )
  start.options.find((option) => option.long === '--config')!.makeOptionMandatory()
  start.addOption(start.createOption('--until-stdin-ends', kit.texts.get('option.untilStdinEnds')).hideHelp())

  const repair = leaf(
    kit,
    node,
    {
      name: 'repair',
      help: 'help.node.repair',
      options: [['-c, --config <file>', 'option.config']],
      shared: 'output',
      examples: [
        'tranca node repair --config cluster-configs/three-nodes/n2.yml',
        'tranca node repair -c n2.yml -o json',
        'tranca verify data/n2 || tranca node repair -c n2.yml',
      ],
      exits: ['ok', 'usage', 'damaged'],
    },
    async (context, options: { config: string }) => {
      const { loadConfig, repairNode } = await import('@tranca/node')
      const report = await repairNode(loadConfig(options.config))
      context.out.data(report, () => {
        for (const [name, value] of Object.entries(report ?? {}))
          context.out.line(`${name}: ${String(value)}`)
      })
    },
  )
  repair.options.find((option) => option.long === '--config')!.makeOptionMandatory()
}

type Listen = (signals: readonly NodeJS.Signals[], listener: () => void) => () => void

/** Turns SIGTERM and SIGINT into promises: asked once, and asked again by someone who insists. */
class Stopper {
  readonly asked: Promise<undefined>
  readonly insisted: Promise<undefined>
  readonly done: () => void
  count = 0
  #resolveAsked: (() => void) | undefined
  #resolveInsisted: (() => void) | undefined

  constructor(onSignal: Listen) {
    this.asked = new Promise((resolve) => {
      this.#resolveAsked = () => resolve(undefined)
    })
    this.insisted = new Promise((resolve) => {
      this.#resolveInsisted = () => resolve(undefined)
    })
    this.done = onSignal(['SIGTERM', 'SIGINT'], () => {
      if (++this.count > 1) this.#resolveInsisted?.()
      this.stop()
    })
  }

  stop(): void {
    this.#resolveAsked?.()
  }
}
