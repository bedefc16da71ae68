import { eventList } from '../../src/frames/events.ts'
import { clientCauses, ledgerCauses, limits, nodeCauses, operationList } from '../../src/index.ts'
import type { Operation } from '../../src/operation.ts'
import {
  grantView,
  licenseHolder,
  licenseTried,
  productView,
  rule,
  validity,
} from '../../src/operations/license-shapes.ts'
import {
  filledScope,
  holder,
  leader,
  lockRequest,
  scope,
  sequenceSpec,
  waiter,
} from '../../src/operations/shapes.ts'
import type { FieldNode, SchemaNode } from '../../src/schema/schema.ts'

// The generated parts of docs/protocol.md: what the schemas say, as tables.

const shapes: readonly (readonly [string, SchemaNode])[] = [
  ['lock', lockRequest.node],
  ['scope', scope.node],
  ['filled scope', filledScope.node],
  ['sequence definition', sequenceSpec.node],
  ['holder', holder.node],
  ['waiter', waiter.node],
  ['leader', leader.node],
  ['license rule', rule.node],
  ['license holder', licenseHolder.node],
  ['product tried', licenseTried.node],
  ['product view', productView.node],
  ['grant view', grantView.node],
  ['validity', validity.node],
]

/** Text for each pair of markers in the page, by the marker's name. */
function referenceSections(): ReadonlyMap<string, string> {
  return new Map([
    ['operations', operationsText()],
    ['shapes', shapesText()],
    ['events', eventsText()],
    ['causes', causesText()],
    ['limits', limitsText()],
  ])
}

/** The page with its generated parts made anew. */
export function renderPage(page: string): string {
  let text = page
  for (const [name, section] of referenceSections()) {
    const begin = `<!-- generated: ${name} -->`
    const end = `<!-- end: ${name} -->`
    const from = text.indexOf(begin)
    const to = text.indexOf(end)
    if (from < 0 || to < from) throw new Error(`the page has no markers for ${name}`)
    text = `${text.slice(0, from + begin.length)}\n\n${section.trim()}\n\n${text.slice(to)}`
  }
  return text
}

function operationsText(): string {
  const all = operationList as readonly Operation[]
  const index = all.map(
    (one) => `| ${one.code} | [\`${one.name}\`](#${anchor(one)}) | ${one.kind} | ${one.doc} |`,
  )
  return [
    '| code | operation | kind | what it does |\n|---|---|---|---|',
    `${index.join('\n')}\n`,
    ...all.map(operationText),
  ].join('\n')
}

function anchor(operation: Operation): string {
  return `${operation.code}-${operation.name}`.toLowerCase().replaceAll('.', '')
}

function operationText(operation: Operation): string {
  return [
    `#### ${operation.code} ${operation.name}\n`,
    `${operation.doc}\n`,
    fieldTable('request', operation.request.fields),
    fieldTable('result', operation.result.fields),
  ].join('\n')
}

function fieldTable(title: string, fields: readonly FieldNode[]): string {
  if (fields.length === 0) return `No ${title === 'request' ? 'fields' : 'result fields'}.\n`
  const rows: string[] = []
  addRows(rows, '', fields, 0)
  return `| # | ${title} | type | absent | meaning |\n|---|---|---|---|---|\n${rows.join('\n')}\n`
}

/** @param first place of the first field in its array; -1: keys of a map */
function addRows(rows: string[], parent: string, fields: readonly FieldNode[], first: number): void {
  fields.forEach((field, i) => {
    const path = parent + field.name
    const place = first < 0 ? 'key' : String(first + i)
    rows.push(`| ${place} | \`${path}\` | ${typeText(field.node)} | ${absentText(field)} | ${field.doc} |`)
    addInner(rows, path, field.node)
  })
}

function addInner(rows: string[], path: string, node: SchemaNode): void {
  if (shapeName(node) !== undefined) return
  if (node.kind === 'struct') addRows(rows, `${path}.`, node.fields, 0)
  else if (node.kind === 'map') addRows(rows, `${path}.`, node.fields, -1)
  else if (node.kind === 'list') addInner(rows, `${path}[]`, node.item)
  else if (node.kind === 'choice') {
    for (const one of node.variants) addRows(rows, `${path}.${one.name}.`, one.fields, 1)
  }
}

function absentText(field: FieldNode): string {
  if (field.presence === 'required') return 'refused'
  if (field.presence === 'optional') return 'allowed'
  return `\`${JSON.stringify(field.fallback)}\``
}

function shapeName(node: SchemaNode): string | undefined {
  return shapes.find(([, known]) => known === node)?.[0]
}

function typeText(node: SchemaNode): string {
  const shape = shapeName(node)
  if (shape !== undefined) return `[${shape}](#${shape.replaceAll(' ', '-')})`
  switch (node.kind) {
    case 'integer':
      return rangeText('integer', node.min, node.max)
    case 'float':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'true':
      return 'true'
    case 'text':
      return `text, ${node.min}..${node.max} bytes${node.plain ? ', plain' : ''}`
    case 'bytes':
      return node.min === node.max ? `bin, ${node.min} bytes` : `bin, ${node.min}..${node.max} bytes`
    case 'oneOf':
      return node.values.map((value, i) => `${i} \`${value}\``).join(', ')
    case 'list': {
      const distinct = node.distinct === undefined ? '' : ', none twice'
      return `array of ${node.min}..${node.max} x ${typeText(node.item)}${distinct}`
    }
    case 'struct':
      return 'array'
    case 'map':
      return 'map'
    case 'free':
      return 'any plain value'
    case 'dictionary':
      return `map of text to ${typeText(node.item)}`
    case 'choice':
      return `array: code (${node.variants.map(({ code, name }) => `${code} \`${name}\``).join(', ')}) and fields`
  }
}

function rangeText(word: string, min: number, max: number): string {
  const safe = Number.MAX_SAFE_INTEGER
  if (max === safe && min === -safe) return `${word}, signed`
  return max === safe ? `${word}, ${min}..` : `${word}, ${min}..${max}`
}

function shapesText(): string {
  return shapes
    .map(([name, node]) => {
      if (node.kind !== 'struct') throw new Error('a shape is an array')
      return `#### ${name}\n\n${fieldTable('field', node.fields)}`
    })
    .join('\n')
}

function eventsText(): string {
  return eventList
    .map((one) => `#### ${one.code} ${one.name}\n\n${one.doc}\n\n${fieldTable('field', one.row.fields)}`)
    .join('\n')
}

function causesText(): string {
  const table = (causes: Readonly<Record<string, string>>) =>
    Object.entries(causes)
      .map(([cause, sentence]) => `| \`${cause}\` | ${sentence} |`)
      .join('\n')
  const head = '| cause | meaning, and `{fields of the detail}` |\n|---|---|'
  return [
    `From the ledger (stored with the request's id: a re-send gets the same):\n\n${head}\n${table(ledgerCauses)}\n`,
    `From the node (nothing was done, nothing is stored):\n\n${head}\n${table(nodeCauses)}\n`,
    `Words of client libraries, never on the wire:\n\n${head}\n${table(clientCauses)}\n`,
  ].join('\n')
}

function limitsText(): string {
  const rows = Object.entries(limits).map(([name, value]) => `| \`${name}\` | ${value} |`)
  return `| limit | value |\n|---|---|\n${rows.join('\n')}\n`
}
