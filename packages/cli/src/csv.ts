/** RFC 4180: CRLF, quotes where needed. */
export function formatCsv(
  titles: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  return [titles, ...rows].map((row) => `${row.map((cell) => quote(String(cell))).join(',')}\r\n`).join('')
}

function quote(text: string): string {
  // A leading =, +, -, @ would be a formula to a spreadsheet: names come from anyone.
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+$/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
