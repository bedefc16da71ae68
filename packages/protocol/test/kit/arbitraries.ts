import fc from 'fast-check'
import type { FieldNode, SchemaNode } from '../../src/schema/schema.ts'

/** Runs of a property, and the seed if `TRANCA_SEED` fixes it; fast-check prints the seed of a failure. */
export function runs(count: number): fc.Parameters<unknown> {
  const seed = process.env.TRANCA_SEED
  return { numRuns: count, verbose: 1, ...(seed !== undefined && { seed: Number(seed) }) }
}

/** Objects with these fields, as a reader would give them: defaults filled in, optional ones present or not. */
export function fieldsArbitrary(fields: readonly FieldNode[]): fc.Arbitrary<Record<string, unknown>> {
  const entries = Object.fromEntries(fields.map((field) => [field.name, nodeArbitrary(field.node)]))
  const requiredKeys = fields.filter((field) => field.presence !== 'optional').map((field) => field.name)
  return fc.record(entries, { requiredKeys, noNullPrototype: true })
}

function nodeArbitrary(node: SchemaNode): fc.Arbitrary<unknown> {
  switch (node.kind) {
    case 'integer':
      return fc.oneof(
        fc.integer({ min: node.min, max: node.max }),
        fc.integer({ min: node.min, max: Math.min(node.max, Math.max(node.min, -40) + 340) }),
        fc.constantFrom(node.min, node.max),
        ...edges.filter((n) => n >= node.min && n <= node.max).map((n) => fc.constant(n)),
      )
    case 'float':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'boolean':
      return fc.boolean()
    case 'true':
      return fc.constant(true)
    case 'text':
      return textArbitrary(node)
    case 'bytes':
      return fc.uint8Array({ minLength: node.min, maxLength: Math.min(node.max, 300) })
    case 'oneOf':
      return fc.constantFrom(...node.values)
    case 'list': {
      const shape = { minLength: node.min, maxLength: Math.min(node.max, 20) }
      const item = nodeArbitrary(node.item)
      if (node.distinct === undefined) return fc.array(item, shape)
      const key = node.distinct
      const selector = (one: unknown) => (key === '' ? one : (one as Record<string, unknown>)[key])
      return fc.uniqueArray(item, { ...shape, selector })
    }
    case 'struct':
    case 'map':
      return fieldsArbitrary(node.fields)
    case 'free':
      return plainArbitrary
    case 'dictionary':
      return fc.dictionary(keyArbitrary, nodeArbitrary(node.item), { maxKeys: 8, noNullPrototype: true })
    case 'choice':
      return fc.oneof(
        ...node.variants.map((one) =>
          fieldsArbitrary(one.fields).map((fields) => ({ op: one.name, ...fields })),
        ),
      )
  }
}

const keyArbitrary = fc.string({ maxLength: 12 }).filter((key) => key !== '__proto__')

const plainArbitrary: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(fc.maxSafeInteger(), fc.string(), fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(keyArbitrary, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value

const edges = [
  -32, -33, -128, -129, -32_768, -32_769, -2_147_483_648, -2_147_483_649, 127, 128, 255, 256,
].concat([65_535, 65_536, 4_294_967_295, 4_294_967_296])

function textArbitrary({
  min,
  max,
  plain,
}: {
  min: number
  max: number
  plain: boolean
}): fc.Arbitrary<string> {
  const unit = fc.oneof(
    fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCodePoint(code)),
    fc.constantFrom('ç', 'ã', '票', '😀', '\u00ff', '\u0800'),
    ...(plain ? [] : [fc.constantFrom('\n', '\u0000')]),
  )
  return fc
    .oneof(
      fc.string({ unit, minLength: min, maxLength: Math.min(max, 40) }),
      fc.string({ unit, minLength: min, maxLength: Math.min(max, 400) }),
      fc.integer({ min, max: Math.min(max, 600) }).map((length) => 'x'.repeat(length)),
    )
    .filter((text) => Buffer.byteLength(text) <= max && Buffer.byteLength(text) >= min)
}
