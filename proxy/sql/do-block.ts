import type { DoStmt, Node } from 'libpg-query'
import { type Context, enter } from './context.ts'
import { inlineBody } from './plpgsql/body.ts'
import { Opaque } from './plpgsql/opaque.ts'
import { stringsOf } from './tree.ts'

/**
 * DO: a body that is in the statement itself. In PL/pgSQL it is looked into as a function's is, and what it names the
 * statement names and what it defines the statement defines; in any other language, or where it cannot be followed, nobody knows what it does.
 * https://www.postgresql.org/docs/current/sql-do.html
 */
export function doBlock(context: Context, { args = [] }: DoStmt): void {
  // At least: what its body does comes on top.
  context.record.effect('read')
  const [language = 'plpgsql', ...languages] = optionsOf(args, 'language')
  const [text, ...texts] = optionsOf(args, 'as')
  const isReadable = language === 'plpgsql' && languages.length + texts.length === 0
  const inside = enter(context, 'DO', context.session)
  const body = isReadable && text !== undefined && inside !== null ? inlineBody(inside, text) : null
  if (body !== null && !(body instanceof Opaque)) {
    context.record.absorb(body.record, null)
    context.changes?.push(...body.changes)
    return
  }
  context.record.effect('unknown')
  context.record.unresolved('opaque_body', `DO (${language})${body === null ? '' : `, ${body.what}`}`)
}

function optionsOf(args: readonly Node[], name: string): readonly string[] {
  return args.flatMap((node) => {
    if (!('DefElem' in node) || node.DefElem.defname !== name || node.DefElem.arg === undefined) return []
    return [stringsOf([node.DefElem.arg])[0] ?? '']
  })
}
