/** One request over HTTP, of a kind that a simulator can answer. Rejects when there is no answer. */
export type Fetch = (url: string, request: FetchRequest) => Promise<FetchAnswer>

export interface FetchRequest {
  /** Sent as POST, in JSON. */
  readonly body: string
  /** More of an answer is an error. */
  readonly sizeMax: number
  readonly signal: AbortSignal
}

export interface FetchAnswer {
  readonly status: number
  readonly body: string
}

/** Follows no redirect: what was configured is asked, and nobody else. */
export const httpFetch: Fetch = async (url, { body, sizeMax, signal }) => {
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body, redirect: 'error', signal })
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > sizeMax) throw new RangeError(`an answer of more than ${sizeMax} bytes`)
    chunks.push(chunk)
  }
  return { status: response.status, body: Buffer.concat(chunks).toString() }
}
