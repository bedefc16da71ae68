import { dayOf, validityAt } from '@tranca/license-key'
import type { Command } from 'commander'
import { leaf, say, show } from '../command-kit.ts'
import { emergencyQuota } from '../emergency.ts'
import type { Io } from '../io.ts'
import type { Installation } from '../register.ts'
import { readRegister } from '../register-file.ts'

/** tranca-vendor list */
export function addList(io: Io, program: Command): void {
  leaf<object>(
    io,
    program,
    {
      name: 'list',
      about: 'Lists the installations of the register: last serial, validity, emergency keys left, clones.',
      shared: ['register'],
      examples: [
        'tranca-vendor list',
        'tranca-vendor list --register desk/register.json',
        'tranca-vendor list --json',
      ],
      exits: ['ok', 'usage', 'file', 'damaged'],
    },
    (desk, options) => {
      const { installations } = readRegister(options.register)
      const rows = installations.map((each) => rowOf(each, desk.nowMs))
      if (rows.length === 0) say(desk, `${options.register} has no installation`)
      show(desk, { installations: rows }, () => formatRows(rows))
    },
  )
}

interface Row {
  readonly installationId: string
  readonly customer: string
  readonly contractId: string
  readonly serial: number
  readonly state: string
  readonly validUntil: string
  readonly emergencyKeysLeft: number
  readonly clones: number
}

function rowOf(installation: Installation, nowMs: number): Row {
  const { id, contractId, serial, license, emergencies, clones } = installation
  const days = emergencies.map((each) => each.day)
  const today = dayOf(nowMs, license.utcOffsetMinutes)
  return {
    installationId: id,
    customer: license.customer.name,
    contractId,
    serial,
    state: validityAt(license, nowMs).state,
    validUntil: license.validUntil,
    emergencyKeysLeft: emergencyQuota(days, today).left,
    clones: clones.length,
  }
}

function formatRows(rows: readonly Row[]): string {
  const titles = [
    'INSTALLATION',
    'CUSTOMER',
    'CONTRACT',
    'SERIAL',
    'STATE',
    'UNTIL',
    'EMERGENCY LEFT',
    'CLONES',
  ]
  const cells = rows.map((row) => Object.values(row).map(String))
  const widths = titles.map((title, at) =>
    Math.max(title.length, ...cells.map((line) => (line[at] ?? '').length)),
  )
  const format = (line: readonly string[]): string =>
    line
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  return [titles, ...cells].map((line) => `${format(line)}\n`).join('')
}
