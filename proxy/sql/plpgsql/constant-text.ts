import { type A_Const, type FuncCall, type Node, scanSync } from 'libpg-query'
import type { Context } from '../context.ts'
import { stringsOf } from '../tree.ts'

/**
 * The value of an expression made of constants by `||`, format, quote_ident and quote_literal, as EXECUTE in migrations
 * has them. @returns null for any other
 */
export function constantText(context: Context, node: Node | undefined): string | null {
  if (node === undefined) return null
  if ('A_Const' in node) return ofConstant(node.A_Const)
  if ('FuncCall' in node) return ofCall(context, node.FuncCall)
  if (!('A_Expr' in node) || stringsOf(node.A_Expr.name).join() !== '||') return null
  const { lexpr, rexpr } = node.A_Expr
  const left = constantText(context, lexpr)
  const right = constantText(context, rexpr)
  return left === null || right === null || context.snapshot.operators('||').length > 0 ? null : left + right
}

function ofConstant({ sval, ival }: A_Const): string | null {
  if (sval !== undefined) return sval.sval ?? ''
  return ival === undefined ? null : String(ival.ival ?? 0)
}

function ofCall(context: Context, { funcname, args = [], ...more }: FuncCall): string | null {
  const [name = '', ...schema] = stringsOf(funcname).reverse()
  const isBuiltin = context.snapshot.routines(name).every(({ builtin }) => builtin)
  const isPlain = ['func_variadic', 'over', 'agg_filter', 'agg_order'].every((key) => !(key in more))
  if (!isBuiltin || !isPlain || (schema.length > 0 && schema[0] !== 'pg_catalog')) return null
  const values = args.map((arg) => constantText(context, arg))
  if (!values.every((value) => value !== null)) return null
  const [first = '', ...rest] = values
  if (name === 'format' && args.length > 0) return formatted(first, rest)
  if (args.length !== 1) return null
  return name === 'quote_ident' ? quotedName(first) : name === 'quote_literal' ? quotedText(first) : null
}

/** https://www.postgresql.org/docs/current/functions-string.html#FUNCTIONS-STRING-FORMAT */
function formatted(format: string, values: readonly string[]): string | null {
  let next = 0
  let isPlain = true
  const text = format.replaceAll(/%(.?)/gs, (_, kind: string) => {
    if (kind === '%') return '%'
    const value = values[next++]
    isPlain &&= value !== undefined && ['s', 'I', 'L'].includes(kind)
    return kind === 'I' ? quotedName(value ?? '') : kind === 'L' ? quotedText(value ?? '') : (value ?? '')
  })
  return isPlain ? text : null
}

const UNQUOTED: ReadonlySet<string> = new Set(['NO_KEYWORD', 'UNRESERVED_KEYWORD'])

/** As quote_ident does it: what would be read as another word is quoted, too. */
function quotedName(name: string): string {
  const plain = /^[a-z_][a-z0-9_]*$/.test(name) && scanSync(name).tokens.every((each) => UNQUOTED.has(each.keywordName))
  return plain ? name : `"${name.replaceAll('"', '""')}"`
}

function quotedText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}
