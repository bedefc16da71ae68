import { type Call, doneAs, nameOf } from '../record/history.ts'
import { counted, Findings, type Rule, type Verdict } from './finding.ts'
import type { Holding, Holdings } from './holding.ts'

/** An exclusive holder is alone: sure holdings of different users never overlap, unless both are shared. */
export function auditLocks({ locks }: Holdings): Verdict {
  return auditExclusion('lockTwice', 'lock', locks)
}

export function auditCodes({ codes }: Holdings): Verdict {
  return auditExclusion('codeTwice', 'code', codes)
}

function auditExclusion(rule: Rule, thing: string, holdings: readonly Holding[]): Verdict {
  const findings = new Findings(rule)
  const byName = new Map<string, Holding[]>()
  for (const holding of holdings) {
    const list = byName.get(holding.name)
    if (list === undefined) byName.set(holding.name, [holding])
    else list.push(holding)
  }
  for (const [name, list] of byName) {
    list.sort((a, b) => a.fromMs - b.fromMs)
    let exclusive: Holding | undefined
    let shared: Holding | undefined
    for (const holding of list) {
      if (exclusive !== undefined && exclusive.toMs > holding.fromMs) accuse(name, exclusive, holding)
      if (holding.mode === 'exclusive') {
        if (shared !== undefined && shared.toMs > holding.fromMs) accuse(name, shared, holding)
        if (exclusive === undefined || holding.toMs > exclusive.toMs) exclusive = holding
      } else if (shared === undefined || holding.toMs > shared.toMs) shared = holding
    }
  }

  function accuse(name: string, first: Holding, second: Holding): void {
    const togetherMs = Math.min(first.toMs, second.toMs) - second.fromMs
    findings.add(
      `${thing} ${name}: held by ${nameOf(first.by)} (${first.mode}) and by ${nameOf(second.by)} ` +
        `(${second.mode}) at the same time, for at least ${togetherMs.toFixed(3)} ms`,
    )
  }

  return findings.verdict(`${counted(holdings.length, 'grant')} of ${counted(byName.size, thing)}`)
}

function tokenOf(call: Call): number {
  const done =
    doneAs(call, 'lock.acquire') ?? doneAs(call, 'license.checkout') ?? doneAs(call, 'license.pool')
  return done?.result.token ?? Number.NaN
}

/**
 * One counter gives the tokens of the whole ledger: a grant that was asked for after another one had been
 * answered has the larger token, whatever the names; and no two grants share one.
 */
export function auditTokens({ fresh }: Holdings): Verdict {
  const findings = new Findings('tokensGrow')
  const seen = new Map<number, Call>()
  for (const call of fresh) {
    const token = tokenOf(call)
    const other = seen.get(token)
    if (other !== undefined)
      findings.add(`token ${token} was given to ${nameOf(other)} and to ${nameOf(call)}`)
    seen.set(token, call)
  }
  const byReturn = [...fresh].sort((a, b) => a.returnMs - b.returnMs)
  let next = 0
  let largest: Call | undefined
  for (const call of fresh) {
    for (;;) {
      const earlier = byReturn[next]
      if (earlier === undefined || earlier.returnMs >= call.callMs) break
      if (largest === undefined || tokenOf(earlier) > tokenOf(largest)) largest = earlier
      next++
    }
    if (largest !== undefined && tokenOf(largest) > tokenOf(call)) {
      findings.add(
        `token ${tokenOf(call)} was given to ${nameOf(call)} after ${nameOf(largest)} had token ${tokenOf(largest)}`,
      )
    }
  }
  return findings.verdict(counted(fresh.length, 'token'))
}
