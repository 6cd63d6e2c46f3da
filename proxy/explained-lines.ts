/** Lays out what `holdpoint explain` says: names in a column, values beside them, nothing wider than the terminal. */
export interface Line {
  /** '' under another line's name. */
  readonly name: string
  readonly value: string
  /** Belongs to the line above. */
  readonly below?: boolean
}

const NAME_CHARS = 9
const VALUE_CHARS_MAX = 600

/** @param width of the terminal, in characters */
export function laidOut(lines: readonly Line[], width: number, dim: (text: string) => string): string {
  return lines
    .flatMap(({ name, value, below = false }) => {
      const indent = ' '.repeat(2 + NAME_CHARS + (below ? 2 : 0))
      const wrapped = wrap(printable(value), Math.max(20, width - indent.length))
      return wrapped.map((text, index) => {
        const before = index === 0 ? `  ${dim(name)}${' '.repeat(indent.length - 2 - name.length)}` : indent
        return `${before}${below ? dim(text) : text}`.trimEnd()
      })
    })
    .join('\n')
}

function wrap(text: string, width: number): readonly string[] {
  const rows: string[] = []
  let row = ''
  for (const word of text.split(' ')) {
    if (row !== '' && row.length + 1 + word.length > width) {
      rows.push(row)
      row = word
    } else row = row === '' ? word : `${row} ${word}`
  }
  return [...rows, row]
}

/** One line without control, bidi or zero-width characters. */
export function printable(text: string): string {
  const line = text
    .slice(0, 4 * VALUE_CHARS_MAX)
    .replaceAll(/\s+/g, ' ')
    .trim()
  const shown = line.replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  })
  return shown.length > VALUE_CHARS_MAX || text.length > 4 * VALUE_CHARS_MAX
    ? `${shown.slice(0, VALUE_CHARS_MAX)} …`
    : shown
}

/** A fact in as few words as tell it from another. */
export function brief(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(brief).join(', ')
  if (typeof value === 'string') return value === '' ? "''" : value
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const { schema, relation, column, name, code, detail, access, use, labels, ...rest } = value as Named
  const place = [schema, relation ?? name, column].filter((part) => part !== undefined && part !== '').join('.')
  if (place === '') return code === undefined ? JSON.stringify(value) : `${code} ${detail ?? ''}`.trim()
  const how = [access, use].flatMap((list) => (Array.isArray(list) ? list : []))
  const also = 'value' in rest ? ` = ${JSON.stringify(rest.value)}` : how.length === 0 ? '' : ` (${how.join(', ')})`
  return `${place}${also}${Array.isArray(labels) && labels.length > 0 ? ` [${labels.join(', ')}]` : ''}`
}

type Named = Readonly<Record<string, unknown>>
