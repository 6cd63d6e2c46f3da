import type { NodeFields } from '../tree.ts'
import { wordsOf } from './text.ts'
import type { PlNode } from './tree.ts'

/** Words of PL/pgSQL's own that are not kept in the tree and say nothing alone. */
const skeleton = new Set(
  `alias array assert begin by call case close collate commit constant continue current cursor debug declare default
   detail diagnostics else elseif elsif end errcode exception execute exit fetch for foreach from get hint if in info
   into is log loop message next no not notice null open or perform query raise record return reverse
   rollback scroll slice sqlstate stacked strict then type using warning when while`.split(/\s+/),
)
/** Variables that nobody declares in the body. */
const given = new Set(['found', 'sqlstate', 'sqlerrm', 'new', 'old'])

type Words = Map<string, number>

/**
 * The tree is written by libpg_query for other purposes, and leaves things out (a record's default value). So every word
 * of the body has to be found again in it, as often as it stands there.
 */
export function coversText(
  text: string,
  read: { readonly datums: readonly PlNode[]; readonly action: PlNode },
): boolean {
  const found: Words = new Map()
  for (const datum of read.datums) if (isDeclared(datum)) collect(datum, read.datums, found)
  collect(read.action, read.datums, found)
  for (const word of wordsOf(text)) {
    if (skeleton.has(word)) continue
    const left = found.get(word) ?? 0
    if (left === 0) return false
    found.set(word, left - 1)
  }
  return true
}

function isDeclared(datum: PlNode): boolean {
  const [fields] = Object.values(datum)
  const name = String(fields?.refname ?? '')
  return fields?.lineno !== undefined && !('PLpgSQL_row' in datum) && !given.has(name) && !name.startsWith('__')
}

/** Fields that are the number of a variable which stands there by its name. */
const numbers = new Set(['retvarno', 'curvar', 'target'])

function collect(value: unknown, datums: readonly PlNode[], found: Words): void {
  if (Array.isArray(value)) for (const each of value) collect(each, datums, found)
  else if (typeof value === 'string') for (const word of wordsOf(value)) found.set(word, (found.get(word) ?? 0) + 1)
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) {
      if (numbers.has(key) && typeof inner === 'number') collect(nameOf(datums, inner), datums, found)
      else if (key === 'PLpgSQL_stmt_foreach_a')
        collect([nameOf(datums, (inner as NodeFields).varno), inner], datums, found)
      else if (key === 'PLpgSQL_stmt_fori' || key === 'PLpgSQL_stmt_forc')
        collect({ ...(inner as NodeFields), var: null }, datums, found)
      else if (!(key === 'message' && typeof inner === 'string') && inner !== '(unnamed row)')
        collect(inner, datums, found) // a message is a constant
    }
}

/** A field's own name, behind its record's. */
function nameOf(datums: readonly PlNode[], number: unknown): string {
  const [fields] = Object.values(datums[Number(number ?? 0)] ?? {})
  if (fields === undefined) return ''
  if ('fieldname' in fields) return `${nameOf(datums, fields.recparentno)}.${String(fields.fieldname)}`
  const name = String(fields.refname ?? '')
  return name === '(unnamed row)' ? '' : name
}
