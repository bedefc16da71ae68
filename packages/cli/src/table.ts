export interface Column {
  readonly title: string
  /** Numbers stand at the right. */
  readonly align?: 'left' | 'right'
}

/** Plain text columns, two spaces apart, no line longer than its content. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, at) =>
    Math.max(width(column.title), ...rows.map((row) => width(row[at] ?? ''))),
  )
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, at) => {
        const cell = cells[at] ?? ''
        const gap = ' '.repeat(widths[at]! - width(cell))
        return column.align === 'right' ? gap + cell : cell + gap
      })
      .join('  ')
      .trimEnd()
  return [columns.map((column) => column.title), ...rows].map((cells) => `${line(cells)}\n`).join('')
}

/** Control characters of foreign names must not reach the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function width(text: string): number {
  return [...text].length
}
