import type { Finding } from './check.ts'
import { formatOperation } from './format/json-lines.ts'
import { limits } from './limits.ts'
import type { Operation } from './operation.ts'

/** The finding in words, several lines without a newline at the end: what is wrong, and the operations that show it. */
export function explain({ object, operations, reason }: Finding): string {
  const shown = operations.slice(-limits.operationsShownMax)
  const left = operations.length - shown.length
  return [
    `${object}: ${reason}`,
    ...(left > 0 ? [`  ... ${left} earlier operations`] : []),
    ...shown.map((operation) => `  ${where(operation)}${formatOperation(operation)}`),
  ].join('\n')
}

function where({ line }: Operation): string {
  return line === undefined ? '' : `line ${line}: `
}
