import type { Facts } from '../../policies/input.ts'
import type { Hold } from '../../workflows/holds/hold.ts'

/**
 * Slack is not a place for data. When a statement compares something with a column that carries a label
 * (`WHERE email = 'bob@x.org'`), its literals and bound parameters stay in the console.
 *
 * Facts say that a labelled column is compared, not with which literal, so all of them are hidden: too much rather than
 * too little. A card with something hidden does not show the statement whole and therefore cannot be approved from; see
 * approval-card.ts.
 */
export const HIDDEN_LITERAL = '‹hidden›'

export function comparesProtectedColumns(facts: Facts): boolean {
  return comparedLabels(facts).length > 0
}

/** As it may be shown where data does not belong. */
export function hiddenStatement({ facts, statement }: Pick<Hold, 'facts' | 'statement'>): string {
  return comparesProtectedColumns(facts) ? hideLiterals(statement) : statement
}

/** The labels of the columns that something is compared with. */
export function comparedLabels(facts: Facts): readonly string[] {
  const compared = facts.columns.filter(({ uses }) => uses.some((use) => use === 'filtered' || use === 'joined'))
  return [...new Set(compared.flatMap(({ labels }) => labels))]
}

/** Far more than a card or a page of Details shows; a literal cut by it is hidden like any unterminated one. */
const LEXED_MAX = 200_000

/**
 * Replaces string, bit, dollar-quoted and numeric constants. Lexes as PostgreSQL does with standard_conforming_strings
 * on (manual, 4.1), which the proxy pins; anything unterminated is hidden to its end. Comments go too: people paste
 * values into them.
 */
export function hideLiterals(sql: string): string {
  let out = ''
  let rest = sql.slice(0, LEXED_MAX)
  while (rest.length > 0) {
    const token = nextToken(rest)
    out += token.shown
    rest = rest.slice(token.length)
  }
  return out
}

interface Token {
  readonly length: number
  readonly shown: string
}

const PLAIN = /^(?:[^\p{L}\d_'"$/\-.]+)/u
const WORD = /^[\p{L}_][\p{L}\p{M}\p{N}_$]*/u
const NUMBER = /^(?:0[xXoObB][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?|\.\d[\d_]*(?:[eE][+-]?\d+)?)/
const PARAMETER = /^\$\d+/
const DOLLAR_TAG = /^\$(?:[\p{L}_][\p{L}\p{M}\p{N}_]*)?\$/u
const ESCAPE_STRING = /^[eE]'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*(?:'|\\?$)/
const PREFIXED_STRING = /^(?:[bBxXnN]|[uU]&)'[^']*(?:''[^']*)*(?:'|$)/
const STRING = /^'[^']*(?:''[^']*)*(?:'|$)/
const QUOTED_NAME = /^(?:[uU]&)?"[^"]*(?:""[^"]*)*(?:"|$)/
const LINE_COMMENT = /^--[^\n]*/

function nextToken(rest: string): Token {
  const hidden = match(rest, ESCAPE_STRING, PREFIXED_STRING, STRING, NUMBER) || dollarQuoted(rest)
  if (hidden > 0) return { length: hidden, shown: HIDDEN_LITERAL }
  const comment = match(rest, LINE_COMMENT) || blockComment(rest)
  if (comment > 0) return { length: comment, shown: '/* hidden */' }
  const shown = match(rest, QUOTED_NAME, WORD, PARAMETER, PLAIN) || 1
  return { length: shown, shown: rest.slice(0, shown) }
}

/** The length of the first pattern that fits, 0 when none does. */
function match(rest: string, ...patterns: readonly RegExp[]): number {
  for (const pattern of patterns) {
    const found = pattern.exec(rest)
    if (found) return found[0].length
  }
  return 0
}

function dollarQuoted(rest: string): number {
  const tag = DOLLAR_TAG.exec(rest)?.[0]
  if (tag === undefined) return 0
  const end = rest.indexOf(tag, tag.length)
  return end < 0 ? rest.length : end + tag.length
}

function blockComment(rest: string): number {
  if (!rest.startsWith('/*')) return 0
  let depth = 1
  for (let at = 2; at < rest.length; at++) {
    if (rest.startsWith('/*', at)) depth++
    else if (rest.startsWith('*/', at)) depth--
    else continue
    at++
    if (depth === 0) return at + 1
  }
  return rest.length
}
