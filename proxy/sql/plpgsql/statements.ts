import { rowSources } from '../column-set.ts'
import type { NodeFields } from '../tree.ts'
import { noSources } from '../value.ts'
import { inLine, Opaque } from './opaque.ts'
import type { PlNode } from './tree.ts'
import type { Walk } from './walk.ts'

/** @throws Opaque at one that is not followed: dynamic SQL, cursors that it opens, COMMIT and ROLLBACK */
export function statements(walk: Walk, nodes: unknown): void {
  for (const node of (nodes ?? []) as readonly PlNode[]) {
    for (const [type, fields] of Object.entries(node)) {
      inLine(fields.lineno, () => {
        const handle = handlers[type]
        if (handle === undefined) throw new Opaque(type.replace('PLpgSQL_stmt_', ''))
        walk.names.line = fields.lineno
        handle(walk, fields)
      })
    }
  }
}

type Handle = (walk: Walk, fields: NodeFields) => void

const each = (list: unknown, type: string): readonly NodeFields[] =>
  ((list ?? []) as readonly PlNode[]).map((node) => {
    const fields = node[type]
    if (fields === undefined || Object.keys(node).length !== 1) throw new Opaque()
    return fields
  })

function block(walk: Walk, { body, exceptions }: NodeFields): void {
  statements(walk, body)
  const handlersOf = (exceptions as PlNode | undefined)?.PLpgSQL_exception_block
  if (handlersOf !== undefined) walk.caught()
  for (const { action } of each(handlersOf?.exc_list, 'PLpgSQL_exception')) statements(walk, action)
}

function givenBack(walk: Walk, { expr, retvarno }: NodeFields): void {
  if (expr !== undefined) {
    if (!/^\s*null\s*$/i.test(String((expr as PlNode).PLpgSQL_expr?.query))) walk.writesRow()
    walk.returns(walk.value(expr))
  }
  if (retvarno !== undefined) walk.givesBack(retvarno)
}

function loop(walk: Walk, { body }: NodeFields): void {
  walk.names.looped(() => statements(walk, body))
}

const handlers: Readonly<Record<string, Handle | undefined>> = Object.assign(Object.create(null), {
  PLpgSQL_stmt_block: block,
  PLpgSQL_stmt_assign: (walk, { varno, expr }) => walk.assign(varno, expr),
  PLpgSQL_stmt_if: (walk, { cond, then_body, elsif_list, else_body }) => {
    walk.condition(cond)
    statements(walk, then_body)
    for (const { cond: other, stmts } of each(elsif_list, 'PLpgSQL_if_elsif')) {
      walk.condition(other)
      statements(walk, stmts)
    }
    statements(walk, else_body)
  },
  PLpgSQL_stmt_case: (walk, { t_expr, t_varno, case_when_list, else_stmts }) => {
    if (t_expr !== undefined) walk.putValue(t_varno, walk.value(t_expr))
    for (const { expr, stmts } of each(case_when_list, 'PLpgSQL_case_when')) {
      walk.condition(expr)
      statements(walk, stmts)
    }
    statements(walk, else_stmts)
  },
  PLpgSQL_stmt_loop: loop,
  PLpgSQL_stmt_while: (walk, fields) => {
    walk.condition(fields.cond)
    loop(walk, fields)
  },
  PLpgSQL_stmt_fori: (walk, { var: variable, lower, upper, step, body }) => {
    for (const bound of [lower, upper, step]) {
      const sources = walk.value(bound)
      walk.putValue(variable, sources)
      walk.returns(sources)
    }
    loop(walk, { body })
  },
  PLpgSQL_stmt_fors: (walk, { var: variable, query, body }) => {
    walk.put(variable, walk.query(query))
    loop(walk, { body })
  },
  PLpgSQL_stmt_forc: (walk, { var: variable, curvar, argquery, body }) => {
    walk.putEverywhere(walk.value(argquery))
    walk.putValue(variable, walk.variable(curvar))
    loop(walk, { body })
  },
  PLpgSQL_stmt_foreach_a: (walk, { varno, expr, body }) => {
    walk.putValue(varno, walk.value(expr))
    loop(walk, { body })
  },
  PLpgSQL_stmt_exit: (walk, { cond }) => walk.condition(cond),
  PLpgSQL_stmt_return: givenBack,
  PLpgSQL_stmt_return_next: givenBack,
  PLpgSQL_stmt_return_query: (walk, { query, dynquery }) => {
    if (dynquery !== undefined) throw new Opaque()
    walk.returns(rowSources(walk.query(query)))
  },
  PLpgSQL_stmt_raise: (walk, { params, options }) => {
    for (const parameter of (params ?? []) as readonly PlNode[]) walk.value(parameter)
    for (const { expr } of each(options, 'PLpgSQL_raise_option')) walk.value(expr)
  },
  PLpgSQL_stmt_assert: (walk, { cond, message }) => {
    walk.condition(cond)
    walk.value(message)
  },
  PLpgSQL_stmt_execsql: (walk, { sqlstmt, target }) => {
    const columns = walk.query(sqlstmt)
    if (target !== undefined) walk.put(target, columns)
  },
  PLpgSQL_stmt_dynexecute: (walk, { query, target, params }) => {
    const columns = walk.executed(query, (params ?? []) as readonly unknown[])
    if (target !== undefined) walk.put(target, columns)
  },
  PLpgSQL_stmt_perform: (walk, { expr }) => {
    walk.query(expr)
  },
  // What its OUT arguments are given to, the tree does not say.
  PLpgSQL_stmt_call: (walk, { expr }) => walk.putEverywhere(rowSources(walk.query(expr))),
  PLpgSQL_stmt_getdiag: (walk, { is_stacked, diag_items }) => {
    for (const { target } of each(diag_items, 'PLpgSQL_diag_item'))
      walk.putValue(target, is_stacked === true ? walk.quotable : noSources)
  },
} satisfies Readonly<Record<string, Handle>>)
