import { type Row, row } from './schema/containers.ts'
import type { Fields, Input, Output } from './schema/schema.ts'
import type { Reader } from './wire/reader.ts'

/**
 * Who does the work: `command` = the ledger, through the log, for a session; `read` = the ledger, after a
 * ReadIndex round, no session needed; `admin` = the leader, about the cluster itself; `local` = the node that
 * was asked.
 */
export type OperationKind = 'command' | 'read' | 'admin' | 'local'

/** One operation of the protocol: its code, its fields, its result, its place in the documentation. */
export interface Operation<
  Name extends string = string,
  Kind extends OperationKind = OperationKind,
  Request = unknown,
  RequestInput = unknown,
  Result = unknown,
  ResultInput = unknown,
> {
  /** Unsigned and never used again for something else. Ranges: see `operations/index.ts`. */
  readonly code: number
  readonly name: Name
  readonly kind: Kind
  readonly doc: string
  readonly request: Row<Request, RequestInput>
  readonly result: Row<Result, ResultInput>
  readonly example: RequestInput
  readonly exampleResult: ResultInput
}

type WithOp<Name extends string, T> = { op: Name } & T extends infer O ? { [K in keyof O]: O[K] } : never

/** Describes an operation; the types of its request and result are inferred from the fields. */
export function operation<
  const Name extends string,
  const Kind extends OperationKind,
  F extends Fields,
  R extends Fields,
>(description: {
  readonly code: number
  readonly name: Name
  readonly kind: Kind
  readonly doc: string
  readonly fields: F
  readonly result: R
  readonly example: Input<F>
  readonly exampleResult: Input<R>
  /** Reads the fields by hand: only for the hottest operations. */
  readonly build?: (reader: Reader) => { op: Name } & Output<F>
  readonly buildResult?: (reader: Reader) => Output<R>
}): Operation<Name, Kind, WithOp<Name, Output<F>>, Input<F>, Output<R>, Input<R>> {
  const { code, name, kind, doc, fields, result, example, exampleResult, build, buildResult } = description
  const request = row(fields, {
    op: name,
    ...(build && { build: build as unknown as (reader: Reader) => Output<F> }),
  })
  return {
    code,
    name,
    kind,
    doc,
    request: request as unknown as Row<WithOp<Name, Output<F>>, Input<F>>,
    result: row(result, buildResult && { build: buildResult }),
    example,
    exampleResult,
  }
}
