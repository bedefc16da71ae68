import type { Command } from 'commander'
import { checkCatalog } from '../catalog.ts'
import { leaf, say, show } from '../command-kit.ts'
import { settle } from '../errors.ts'
import { inFile, mustNotExist, readJson, readPrivateKey } from '../files.ts'
import type { Io } from '../io.ts'
import { issue } from '../issue.ts'
import { giveKey, keyData, keyLine, signChecked } from '../key-output.ts'
import { checkOrder } from '../order.ts'
import { withRegister } from '../register-file.ts'

/** tranca-vendor issue --order FILE [--catalog FILE] [--out FILE] */
export function addIssue(io: Io, program: Command): void {
  leaf<{ order: string; out?: string; force?: boolean }>(
    io,
    program,
    {
      name: 'issue',
      about: "Issues a license for an order: the installation's first key, or a new contract.",
      shared: ['catalog', 'register', 'privateKey'],
      required: [['--order <file>', 'what the customer has contracted']],
      options: [
        ['--out <file>', 'where the key is written (stdout)'],
        ['--force', 'replace the file given with --out'],
      ],
      examples: [
        'tranca-vendor issue --order order.json --out acme.key.json',
        'tranca-vendor issue --order order.json > acme.key.json',
        'tranca-vendor issue --catalog catalog.json --order order.json --register desk/register.json --json',
      ],
      exits: ['ok', 'refused', 'usage', 'file', 'busy', 'damaged'],
    },
    (desk, options) => {
      const catalog = readJson(options.catalog, checkCatalog)
      const order = readJson(options.order, checkOrder(catalog))
      const privateKey = readPrivateKey(options.privateKey)
      if (options.out !== undefined) mustNotExist(options.out, options.force === true)
      const key = withRegister(options.register, { create: true }, ({ register, existed, save }) => {
        const { nowMs } = desk
        const result = inFile(options.order, () => settle(issue({ register, catalog, order, nowMs })))
        const signed = signChecked(result.licenses[0]!, privateKey)
        // First the register: a serial that is lost does no harm, one that is given twice does.
        save(result.register)
        if (!existed) say(desk, `${options.register} is new: this is the first key of the register`)
        return signed
      })
      giveKey(desk, key, options)
      if (desk.json) show(desk, keyData(key, options.out), () => '')
      else say(desk, keyLine(key))
    },
  )
}
