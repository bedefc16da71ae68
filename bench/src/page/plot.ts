import { escaped } from './escaped.ts'

/** Points of one line, by rising `x`. */
export interface Line {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

const WIDTH = 460
const HEIGHT = 270
const LEFT = 64
const RIGHT = 112
const TOP = 28
const BOTTOM = 40
const LABEL_WIDTH = 42
/** Apart from each other in gray, too. */
const colors = ['#1b6ca8', '#c2410c', '#2f7d32', '#6b3fa0', '#8a6d00', '#444444']
const dashes = ['', '6 3', '2 3', '8 3 2 3', '4 4', '1 2']

/** Lines over two logarithmic axes, as SVG; nothing without a point. */
export function linePlot(options: {
  readonly title: string
  readonly xName: string
  readonly lines: readonly Line[]
}): string {
  const { title, xName } = options
  const lines = options.lines.map(({ name, points }) => ({ name, points: points.filter(isShown) }))
  const all = lines.flatMap(({ points }) => points)
  if (all.length === 0) return ''
  const across = scale(
    all.map(({ x }) => x),
    LEFT,
    WIDTH - RIGHT,
  )
  const up = scale(
    all.map(({ y }) => y),
    HEIGHT - BOTTOM,
    TOP,
  )
  const counts = [...new Set(all.map(({ x }) => x))].sort((a, b) => a - b)
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    text(LEFT, 16, title, 'class="title"'),
    ...labelsOf(counts, across.at).map(({ x, at }) => {
      return text(at, HEIGHT - BOTTOM + 16, x.toLocaleString('en-US'), 'text-anchor="middle"')
    }),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, xName, 'text-anchor="middle"'),
    ...up.decades.flatMap((y) => [
      `<path class="grid" d="M${LEFT} ${fixed(up.at(y))}H${WIDTH - RIGHT}"/>`,
      text(LEFT - 6, up.at(y) + 4, y.toLocaleString('en-US'), 'text-anchor="end"'),
    ]),
    ...lines.flatMap(({ name, points }, number) => {
      const last = points.at(-1)
      if (last === undefined) return []
      const [color, dash] = [colors[number % colors.length], dashes[number % dashes.length]]
      const path = points.map(({ x, y }) => `${fixed(across.at(x))} ${fixed(up.at(y))}`).join('L')
      const dots = points.map(
        ({ x, y }) => `<circle cx="${fixed(across.at(x))}" cy="${fixed(up.at(y))}" r="3" fill="${color}"/>`,
      )
      const legendY = TOP + 14 * number + 6
      return [
        `<path fill="none" stroke="${color}" stroke-width="2" stroke-dasharray="${dash}" d="M${path}"/>`,
        ...dots,
        text(WIDTH - RIGHT + 10, legendY, name, `fill="${color}"`),
      ]
    }),
    '</svg>',
  ].join('\n')
}

/** Those that do not run into the one before. */
function labelsOf(counts: readonly number[], at: (x: number) => number): { x: number; at: number }[] {
  const labels: { x: number; at: number }[] = []
  for (const x of counts) {
    const last = labels.at(-1)
    if (last === undefined || at(x) - last.at >= LABEL_WIDTH) labels.push({ x, at: at(x) })
  }
  return labels
}

/** A logarithmic axis from the decade below the least value to the one above the greatest. */
function scale(values: readonly number[], from: number, to: number) {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  const at = (value: number): number => from + ((Math.log10(value) - low) / (high - low)) * (to - from)
  return { at, decades: Array.from({ length: high - low + 1 }, (_, number) => 10 ** (low + number)) }
}

function isShown({ x, y }: { readonly x: number; readonly y: number }): boolean {
  return x > 0 && y > 0 && Number.isFinite(x) && Number.isFinite(y)
}

function text(x: number, y: number, words: string, attributes: string): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" ${attributes}>${escaped(words)}</text>`
}

function fixed(value: number): string {
  return value.toFixed(1)
}
