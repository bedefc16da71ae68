import type { Result } from '../result.ts'
import type { Row } from '../rows.ts'

/** The stored answer of a request that the client has not acknowledged. Row `a/<session>/<id>`. */
export class Answer implements Row {
  readonly session: number
  readonly id: number
  readonly result: Result
  dirtyAt = -1
  stored = false
  gone = false

  constructor(session: number, id: number, result: Result) {
    this.session = session
    this.id = id
    this.result = result
  }

  rowKey(): string {
    return `a/${this.session}/${this.id}`
  }

  rowValue(): Result {
    return this.result
  }
}
