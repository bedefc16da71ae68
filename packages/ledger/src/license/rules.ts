import type { Core } from '../core.ts'
import { NAME_LENGTH_MAX, USAGE_DAYS_MAX, WAIT_MS_MAX } from '../limits.ts'
import { invalid, type Refusal } from '../result.ts'
import type { Row } from '../rows.ts'
import type { LicenseRule, RuleKind } from './commands.ts'

/** For whom a unit is asked; shared by what hangs on it. */
export interface Subject {
  readonly user: string
  readonly group: string
  readonly company: string
  readonly host: string
}

/** A rule within one pool, with the units that its subject uses there. */
export interface Bound {
  readonly rule: LicenseRule
  used: number
}

const RULES_MAX = 10_000
const AMOUNT_MAX = 1_000_000_000
const WITH_AMOUNT: readonly RuleKind[] = ['reserve', 'max', 'overdraft', 'borrowMax']
const WITH_MS: readonly RuleKind[] = ['idle', 'linger']
const KINDS: readonly RuleKind[] = [...WITH_AMOUNT, ...WITH_MS, 'include', 'exclude']
const TYPES: readonly string[] = ['user', 'group', 'host', 'company', 'network', 'all']

/**
 * The rules of one pool, found by the subject in a few look-ups, so that a thousand rules for a thousand
 * users cost a check-out no more than one.
 */
export class PoolRules {
  readonly #byUser = new Map<string, Bound[]>()
  readonly #byGroup = new Map<string, Bound[]>()
  readonly #byCompany = new Map<string, Bound[]>()
  readonly #byHost = new Map<string, Bound[]>()
  readonly #networks: { readonly network: Network; readonly bound: Bound }[] = []
  readonly #all: Bound[] = []
  readonly bounds: readonly Bound[]
  /** Whether only those who are included may use the product. */
  readonly includes: boolean
  /** Sum over all reservations of what their subjects do not use yet. */
  unfilled = 0
  readonly #found: Bound[] = []

  constructor(rules: readonly LicenseRule[]) {
    this.bounds = rules.map((rule) => ({ rule, used: 0 }))
    this.includes = rules.some(({ kind }) => kind === 'include')
    for (const bound of this.bounds) {
      const { type, value } = bound.rule.subject
      if (bound.rule.kind === 'reserve') this.unfilled += bound.rule.amount!
      if (type === 'all') this.#all.push(bound)
      else if (type === 'network') this.#networks.push({ network: parseNetwork(value)!, bound })
      else add(this.#mapOf(type), value, bound)
    }
  }

  /** The rules about a subject; the list is used again by the next call. */
  match({ user, group, company, host }: Subject): readonly Bound[] {
    const found = this.#found
    found.length = 0
    push(found, this.#byUser.get(user))
    push(found, this.#byGroup.get(group))
    push(found, this.#byCompany.get(company))
    push(found, this.#byHost.get(host))
    push(found, this.#all)
    if (this.#networks.length > 0) {
      const address = parseAddress(host)
      for (const { network, bound } of this.#networks) {
        if (address !== undefined && isIn(network, address)) found.push(bound)
      }
    }
    return found
  }

  /** Counts units that a subject takes, or gives back (less than 0). */
  count(subject: Subject, units: number): void {
    for (const bound of this.match(subject)) {
      const before = unfilledOf(bound)
      bound.used += units
      this.unfilled += unfilledOf(bound) - before
    }
  }

  /** The rule that keeps a subject out. */
  exclusion(bounds: readonly Bound[]): LicenseRule | undefined {
    let isIncluded = !this.includes
    for (const { rule } of bounds) {
      if (rule.kind === 'exclude') return rule
      if (rule.kind === 'include') isIncluded = true
    }
    return isIncluded ? undefined : this.bounds.find(({ rule }) => rule.kind === 'include')!.rule
  }

  /** The shortest idle time for a subject; 0 = none. */
  idleMs(subject: Subject): number {
    let found = 0
    for (const { rule } of this.match(subject)) {
      if (rule.kind === 'idle' && (found === 0 || rule.ms! < found)) found = rule.ms!
    }
    return found
  }

  /** The longest time for which a subject's unit lingers; 0 = none. */
  lingerMs(subject: Subject): number {
    let found = 0
    for (const { rule } of this.match(subject)) {
      if (rule.kind === 'linger' && rule.ms! > found) found = rule.ms!
    }
    return found
  }

  #mapOf(type: 'user' | 'group' | 'host' | 'company'): Map<string, Bound[]> {
    if (type === 'user') return this.#byUser
    if (type === 'group') return this.#byGroup
    return type === 'host' ? this.#byHost : this.#byCompany
  }
}

export function unfilledOf({ rule, used }: Bound): number {
  return rule.kind === 'reserve' ? Math.max(0, rule.amount! - used) : 0
}

/** The MAX rule that `need` more units would break. */
export function overMax(bounds: readonly Bound[], need: number): LicenseRule | undefined {
  for (const { rule, used } of bounds) {
    if (rule.kind === 'max' && used + need > rule.amount!) return rule
  }
  return undefined
}

function add(map: Map<string, Bound[]>, value: string, bound: Bound): void {
  const list = map.get(value)
  if (list === undefined) map.set(value, [bound])
  else list.push(bound)
}

function push(found: Bound[], bounds: readonly Bound[] | undefined): void {
  if (bounds === undefined) return
  for (const bound of bounds) found.push(bound)
}

type Network = { readonly base: number; readonly bits: number }

function parseNetwork(value: string): Network | undefined {
  const at = value.indexOf('/')
  const bits = at < 0 ? 32 : Number(value.slice(at + 1))
  const base = parseAddress(at < 0 ? value : value.slice(0, at))
  if (base === undefined || !Number.isInteger(bits) || bits < 0 || bits > 32) return undefined
  return { base, bits }
}

function parseAddress(host: string): number | undefined {
  const parts = host.split('.')
  if (parts.length !== 4) return undefined
  let address = 0
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined
    address = address * 256 + Number(part)
  }
  return address
}

function isIn({ base, bits }: Network, address: number): boolean {
  const size = 2 ** (32 - bits)
  return Math.floor(base / size) === Math.floor(address / size)
}

/** Names the first rule that makes no sense (O20: validated before anything changes). */
export function checkRules(rules: readonly LicenseRule[]): Refusal | undefined {
  if (!Array.isArray(rules) || rules.length > RULES_MAX) {
    return invalid('rules', Array.isArray(rules) ? rules.length : typeof rules, `at most ${RULES_MAX} rules`)
  }
  for (let at = 0; at < rules.length; at += 1) {
    const bad = checkRule(rules[at]!, `rules[${at}]`)
    if (bad !== undefined) return bad
  }
  return undefined
}

/** Undefined: as before. */
export function checkUsageDays(usageDays: unknown): Refusal | undefined {
  if (usageDays === undefined || isWhole(usageDays, 0, USAGE_DAYS_MAX)) return undefined
  return invalid('usageDays', usageDays, `0 to ${USAGE_DAYS_MAX}`)
}

function checkRule(rule: LicenseRule, at: string): Refusal | undefined {
  const { kind, product, subject, amount, ms } = rule
  if (!KINDS.includes(kind)) return invalid(`${at}.kind`, kind, KINDS.join(', '))
  if (!Number.isSafeInteger(product) || product < 0)
    return invalid(`${at}.product`, product, 'a product, or 0')
  if (!TYPES.includes(subject?.type)) return invalid(`${at}.subject.type`, subject?.type, TYPES.join(', '))
  const { type, value } = subject
  if (typeof value !== 'string' || value.length > NAME_LENGTH_MAX) {
    return invalid(`${at}.subject.value`, typeof value, `at most ${NAME_LENGTH_MAX} characters`)
  }
  if (type !== 'all' && value === '') return invalid(`${at}.subject.value`, value, `a ${type}`)
  if (type === 'network' && parseNetwork(value) === undefined) {
    return invalid(`${at}.subject.value`, value, 'an IPv4 range such as 10.1.0.0/16')
  }
  if (type === 'all' && kind === 'reserve')
    return invalid(`${at}.subject.type`, type, 'someone: a reservation for all reserves nothing')
  if (type !== 'all' && kind === 'overdraft')
    return invalid(`${at}.subject.type`, type, 'all: an overdraft is the product’s')
  if (WITH_AMOUNT.includes(kind) && !isWhole(amount, 0, AMOUNT_MAX)) {
    return invalid(`${at}.amount`, amount, `0 to ${AMOUNT_MAX}`)
  }
  if (WITH_MS.includes(kind) && !isWhole(ms, 1, WAIT_MS_MAX))
    return invalid(`${at}.ms`, ms, `1 to ${WAIT_MS_MAX}`)
  return undefined
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
}

type RulesRow = {
  readonly version: number
  readonly rules: readonly LicenseRule[]
  /** Absent in rows of older versions: the default. */
  readonly usageDays?: number
}

/** All that an administrator sets about licenses. Row `u/rules`. */
export class RuleBook implements Row {
  version = 0
  rules: readonly LicenseRule[] = []
  /** Days that usage and denials are kept. */
  usageDays: number
  dirtyAt = -1
  stored = false
  gone = false

  constructor(usageDays: number) {
    this.usageDays = usageDays
  }

  replace(core: Core, version: number, rules: readonly LicenseRule[], usageDays: number): void {
    this.version = version
    this.rules = rules.map(plainRule)
    this.usageDays = usageDays
    core.rows.mark(this)
  }

  of(product: number): readonly LicenseRule[] {
    return this.rules.filter((rule) => rule.product === 0 || rule.product === product)
  }

  rowKey(): string {
    return 'u/rules'
  }

  rowValue(): Required<RulesRow> {
    return { version: this.version, rules: this.rules, usageDays: this.usageDays }
  }

  restore(value: unknown): void {
    const row = value as RulesRow
    this.version = row.version
    this.rules = row.rules
    if (row.usageDays !== undefined) this.usageDays = row.usageDays
    this.stored = true
  }
}

/** Only what belongs to the rule, in one order: rows must be equal on every member. */
function plainRule({ kind, product, subject, amount, ms }: LicenseRule): LicenseRule {
  const rule = { kind, product, subject: { type: subject.type, value: subject.value } }
  if (WITH_AMOUNT.includes(kind)) return { ...rule, amount: amount! }
  return WITH_MS.includes(kind) ? { ...rule, ms: ms! } : rule
}

/** A person or program without more about it. */
export function subjectOf(user: string, host = ''): Subject {
  return { user, group: '', company: '', host }
}
