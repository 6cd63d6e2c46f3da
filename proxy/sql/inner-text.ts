import { scanSync } from 'libpg-query'

/**
 * The statement inside PREPARE … AS and DECLARE … FOR, as it was written: what stands behind the first such word that
 * is in no brackets. The words between cannot be that word: names in its place are quoted, types are in brackets.
 */
export function innerText(text: string, word: 'AS' | 'FOR'): string {
  let depth = 0
  for (const { text: token, keywordName, end } of scanSync(text).tokens) {
    if (token === '(') depth++
    else if (token === ')') depth--
    else if (depth === 0 && keywordName === 'RESERVED_KEYWORD' && token.toUpperCase() === word)
      return Buffer.from(text).toString('utf8', end).trim()
  }
  return ''
}
