import { type Node, scanSync } from 'libpg-query'

interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly name: string
}

/** The words, signs and constants of a text, without its comments. Offsets count bytes. */
function tokensOf(text: string): readonly Token[] {
  if (text.trim() === '') return []
  return scanSync(text)
    .tokens.filter(({ tokenName }) => tokenName !== 'SQL_COMMENT' && tokenName !== 'C_COMMENT')
    .map(({ text: word, start, end, tokenName }) => ({ text: word, start, end, name: tokenName }))
}

/** Names, keywords and parameters as the server folds them; constants mean nothing that has to be found again. */
export function wordsOf(text: string): string[] {
  return tokensOf(text).flatMap(({ text: word }) =>
    /^[\p{L}_\u0080-\uffff]/u.test(word) && !/^(e|b|x|n|u&)'/i.test(word)
      ? [word.toLowerCase()]
      : /^(u&)?"/i.test(word) || /^\$\d+$/.test(word)
        ? [word.replace(/^(u&)?"|"$/gi, '')]
        : [],
  )
}

/** `name%ROWTYPE` is a record to the compiler when it does not know the table. */
export function rowTypesAsRecords(text: string): { readonly text: string; readonly rowTypes: readonly string[] } {
  const bytes = Buffer.from(text)
  const tokens = tokensOf(text)
  const rowTypes: string[] = []
  let kept = ''
  let from = 0
  for (const [index, { text: word, end }] of tokens.entries()) {
    if (word.toLowerCase() !== 'rowtype' || tokens[index - 1]?.text !== '%') continue
    let first = index - 2
    while (tokens[first - 1]?.text === '.') first -= 2
    const start = tokens[first]?.start
    const last = tokens[index - 2]?.end
    if (start === undefined || last === undefined || start < from) continue
    rowTypes.push(bytes.toString('utf8', start, last))
    kept += `${bytes.toString('utf8', from, start)}record`
    from = end
  }
  return { text: kept + bytes.toString('utf8', from), rowTypes }
}

/** `name[i].field := expression` in its two halves. @returns null where it is not of that form */
export function splitAssignment(text: string): { readonly left: string; readonly right: string } | null {
  let depth = 0
  const bytes = Buffer.from(text)
  for (const { text: token, start, end } of tokensOf(text)) {
    if (token === '[' || token === '(') depth++
    else if (token === ']' || token === ')') depth--
    else if (depth === 0 && (token === ':=' || token === '='))
      return { left: bytes.toString('utf8', 0, start), right: bytes.toString('utf8', end) }
  }
  return null
}

/** The expression of `SELECT expression` with nothing behind it; null for any other query. */
export function expressionAlone(node: Node): Node | null {
  if (!('SelectStmt' in node)) return null
  const { targetList = [], op, limitOption, ...more } = node.SelectStmt
  const [only] = targetList
  const plain = Object.keys(more).length === 0 && op === 'SETOP_NONE' && limitOption === 'LIMIT_OPTION_DEFAULT'
  if (!plain || targetList.length !== 1 || only === undefined || !('ResTarget' in only)) return null
  return only.ResTarget.val ?? null
}
