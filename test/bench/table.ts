import type { Spread } from './statistics.ts'

/** Markdown tables whose columns line up in a terminal too. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

export function amount(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

/** 0.93 × (0.91–0.97); no ratio where the noise was larger than what was to be measured. */
export function times(spread: Spread | null): string {
  if (spread === null) return 'not measured'
  const { median, least, most } = spread
  if (!(least > 0 && Number.isFinite(most))) return 'lost in noise'
  return `${median.toFixed(2)} × (${least.toFixed(2)}–${most.toFixed(2)})`
}

export function median(spread: Spread | null, unit = ''): string {
  return spread === null ? 'not measured' : `${amount(spread.median)}${unit}`
}

export function range(spread: Spread | null, unit = ''): string {
  if (spread === null) return 'not measured'
  return `${amount(spread.median)}${unit} (${amount(spread.least)}–${amount(spread.most)})`
}
