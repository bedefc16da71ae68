import { join } from 'node:path'
import type { Command } from 'commander'
import { checkCatalog } from '../catalog.ts'
import { leaf, show } from '../command-kit.ts'
import { settle } from '../errors.ts'
import { inFile, mustNotExist, readJson, readPrivateKey } from '../files.ts'
import type { Io } from '../io.ts'
import { split } from '../issue.ts'
import { giveKey, keyData, keyLine, signChecked } from '../key-output.ts'
import { checkOrder } from '../order.ts'
import { checkPlan } from '../plan.ts'
import { withRegister } from '../register-file.ts'

/** tranca-vendor split --order FILE --plan FILE [--out DIRECTORY] */
export function addSplit(io: Io, program: Command): void {
  leaf<{ order: string; plan: string; out?: string }>(
    io,
    program,
    {
      name: 'split',
      about: 'Splits a contract over installations, one license for each, their sum within the contract.',
      shared: ['catalog', 'register', 'privateKey'],
      required: [
        ['--order <file>', 'what the customer has contracted in all'],
        ['--plan <file>', 'which installation gets how much, in production and in development'],
      ],
      options: [['--out <directory>', 'where INSTALLATION-SERIAL.key.json are written (.)']],
      examples: [
        'tranca-vendor split --order order.json --plan plan.json',
        'tranca-vendor split --order order.json --plan plan.json --out keys',
        'tranca-vendor split --catalog catalog.json --order order.json --plan plan.json --json',
      ],
      exits: ['ok', 'refused', 'usage', 'file', 'busy', 'damaged'],
    },
    (desk, options) => {
      const catalog = readJson(options.catalog, checkCatalog)
      const order = readJson(options.order, checkOrder(catalog))
      const plan = readJson(options.plan, checkPlan(catalog, order))
      const privateKey = readPrivateKey(options.privateKey)
      const keys = withRegister(options.register, { create: true }, ({ register, save }) => {
        const { nowMs } = desk
        const result = inFile(options.order, () => settle(split({ register, catalog, order, plan, nowMs })))
        const signed = result.licenses.map((license) => {
          const name = `${license.installationId}-${license.serial}.key.json`
          const file = join(options.out ?? '.', name)
          mustNotExist(file, false)
          return { file, key: signChecked(license, privateKey) }
        })
        save(result.register)
        return signed
      })
      for (const { file, key } of keys) giveKey(desk, key, { out: file })
      show(desk, { keys: keys.map(({ file, key }) => keyData(key, file)) }, () => {
        return keys.map(({ file, key }) => `${file}  ${keyLine(key)}\n`).join('')
      })
    },
  )
}
