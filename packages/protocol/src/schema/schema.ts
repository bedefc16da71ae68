import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'

/** Whether a field must be there: else it may be absent, or a default stands for it. */
export type Presence = 'required' | 'optional' | 'default'

/**
 * One field's form on the wire: how it is read, checked, written, documented and made up in tests.
 *
 * `T` is what a reader gets, `I` what a writer takes: fields with a default may be left out there, and arrays
 * may be read-only.
 */
export interface Schema<T, P extends Presence = 'required', I = T> {
  readonly presence: P
  /** Stands for the field when it is absent. */
  readonly fallback: T | undefined
  /** One sentence for the documentation; may be empty. */
  readonly doc: string
  readonly node: SchemaNode
  /** @throws Malformed */
  read(reader: Reader): T
  /** @throws Malformed */
  write(writer: Writer, value: I): void
}

/** The schema as data, for the documentation and for generators of tests. */
export type SchemaNode =
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'float' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'true' }
  | { readonly kind: 'text'; readonly min: number; readonly max: number; readonly plain: boolean }
  | { readonly kind: 'oneOf'; readonly values: readonly string[] }
  | { readonly kind: 'bytes'; readonly min: number; readonly max: number }
  | {
      readonly kind: 'list'
      readonly item: SchemaNode
      readonly min: number
      readonly max: number
      readonly distinct: string | undefined
    }
  | { readonly kind: 'struct'; readonly fields: readonly FieldNode[] }
  | { readonly kind: 'map'; readonly fields: readonly FieldNode[] }
  | { readonly kind: 'free' }
  | { readonly kind: 'dictionary'; readonly item: SchemaNode }
  | { readonly kind: 'choice'; readonly variants: readonly VariantNode[] }

/** One form of a choice; on the wire its code stands before its fields. */
export interface VariantNode {
  readonly code: number
  readonly name: string
  readonly fields: readonly FieldNode[]
}

export interface FieldNode {
  readonly name: string
  readonly presence: Presence
  readonly fallback: unknown
  readonly doc: string
  readonly node: SchemaNode
}

export type Fields = Readonly<Record<string, Schema<unknown, Presence>>>

type Flatten<T> = { [K in keyof T]: T[K] }
type InputOf<S> = S extends { write(writer: Writer, value: infer I): void } ? I : never
type OutputOf<S> = S extends { read(reader: Reader): infer T } ? T : never
type Keys<F extends Fields, P extends Presence> = {
  [K in keyof F]: F[K]['presence'] extends P ? K : never
}[keyof F]

/** The object that a reader of these fields gets. Optional fields that are absent are not there at all. */
export type Output<F extends Fields> = Flatten<
  { -readonly [K in Keys<F, 'required' | 'default'>]: OutputOf<F[K]> } & {
    -readonly [K in Keys<F, 'optional'>]?: OutputOf<F[K]>
  }
>

/** The object that a writer of these fields takes. */
export type Input<F extends Fields> = Flatten<
  { readonly [K in Keys<F, 'required'>]: InputOf<F[K]> } & {
    readonly [K in Keys<F, 'optional' | 'default'>]?: InputOf<F[K]> | undefined
  }
>

/** The field may be absent: missing at the end of its array, or nil. */
export function optional<T, I>(schema: Schema<T, 'required', I>, doc?: string): Schema<T, 'optional', I> {
  return { ...schema, presence: 'optional', doc: doc ?? schema.doc }
}

/** A default stands for the field when it is absent. Defaults are part of the protocol: they never change. */
export function byDefault<T, I>(
  schema: Schema<T, 'required', I>,
  fallback: NoInfer<T>,
  doc?: string,
): Schema<T, 'default', I> {
  return { ...schema, presence: 'default', fallback, doc: doc ?? schema.doc }
}

/** The same schema with its own sentence in the documentation. */
export function told<S extends Schema<unknown, Presence>>(schema: S, doc: string): S {
  return { ...schema, doc }
}
