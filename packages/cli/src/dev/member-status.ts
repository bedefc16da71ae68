/** What a member says about leadership over its admin port. */
export interface MemberHealth {
  readonly ready: boolean
  readonly leads: boolean
}

const ANSWER_TIMEOUT_MS = 1_000

/** Asks one member; `undefined` if it does not answer. */
export async function askHealth(admin: string): Promise<MemberHealth | undefined> {
  try {
    const [ready, leads] = await Promise.all([ask(admin, '/readyz'), ask(admin, '/leader')])
    return { ready, leads }
  } catch {
    return undefined
  }
}

async function ask(admin: string, page: string): Promise<boolean> {
  const response = await fetch(`http://${admin}${page}`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
  await response.arrayBuffer()
  return response.ok
}
