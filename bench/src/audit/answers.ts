import { type Call, type History, nameOf } from '../record/history.ts'
import { counted, Findings, type Verdict } from './finding.ts'
import type { ClusterState } from './state.ts'

/** Every call has an answer, except those of a process that was cut off or lost before it came. */
export function auditAnswers({ calls }: History): Verdict {
  const findings = new Findings('answeredOnce')
  let unknown = 0
  for (const call of calls) {
    const { status } = call.outcome
    if (status === 'ok' || status === 'refused') {
      if (!(call.returnMs >= call.callMs)) findings.add(`${describe(call)}: answered before it was asked`)
      continue
    }
    unknown++
    const excused = call.client.end === 'cut' || call.client.end === 'lost'
    if (!excused) {
      const reason = call.outcome.status === 'unknown' ? call.outcome.reason : 'no answer came'
      findings.add(`${describe(call)}: ${reason}`)
    }
  }
  return findings.verdict(
    `${counted(calls.length, 'operation')}, ${unknown} open when their process was cut off`,
  )
}

/** No session was lost by itself: failovers and breaks keep it. */
export function auditSessions({ clients }: History): Verdict {
  const findings = new Findings('sessionKept')
  for (const { name, session, end } of clients) {
    if (end === 'lost') findings.add(`session ${session} of ${name} was lost while its process lived`)
  }
  return findings.verdict(counted(clients.length, 'session'))
}

/** Nothing was refused but what the workload expects: `held`, `timeout`, `deadlock` and the like where they fit. */
export function auditSurprises({ calls }: History, surprises: readonly string[]): Verdict {
  const findings = new Findings('noSurprise')
  for (const text of surprises) findings.add(text)
  const refused = calls.filter((call) => call.outcome.status === 'refused').length
  return findings.verdict(counted(refused, 'refusal'))
}

/** A session that has ended holds nothing and is gone. */
export function auditLeftovers({ clients }: History, after: ClusterState): Verdict {
  const findings = new Findings('nothingLeft')
  const ended = new Map(
    clients.filter((client) => client.end !== undefined).map((client) => [client.session, client]),
  )
  const accuse = (session: number, what: string): void => {
    const client = ended.get(session)
    if (client !== undefined) findings.add(`${what} by session ${session} of ${client.name}, which has ended`)
  }
  for (const session of after.sessions) accuse(session, 'a place is still taken')
  for (const { name, holders } of after.locks) {
    for (const { session } of holders) accuse(session, `lock ${name} is still held`)
  }
  for (const { code, session } of after.codes) accuse(session, `code ${code} is still reserved`)
  for (const { name, reserved } of after.sequences) {
    for (const { value, session } of reserved) accuse(session, `number ${value} of ${name} is still reserved`)
  }
  for (const { grant, product, session } of after.licenses?.grants ?? []) {
    accuse(session, `license ${grant} of product ${product} is still held`)
  }
  return findings.verdict(counted(ended.size, 'ended session'))
}

function describe(call: Call): string {
  return `${call.request.op} of ${nameOf(call)}`
}
