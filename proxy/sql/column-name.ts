import type { Node } from 'libpg-query'
import { stringsOf } from './tree.ts'

const UNNAMED = '?column?'

/**
 * What the server calls an output column that is given no name: FigureColname in parse_target.c. Needed because a
 * query around it may use that name.
 */
export function columnName(node: Node | undefined): string {
  return figured(node)?.name ?? UNNAMED
}

/** A weak name gives way to that of a cast around it. */
interface Figured {
  readonly name: string
  readonly weak: boolean
}

function figured(node: Node | undefined): Figured | null {
  if (node === undefined) return null
  if ('A_Indirection' in node) {
    const field = stringsOf(node.A_Indirection.indirection).at(-1)
    return field === undefined ? figured(node.A_Indirection.arg) : { name: field, weak: false }
  }
  if ('TypeCast' in node) return cast(figured(node.TypeCast.arg), stringsOf(node.TypeCast.typeName?.names).at(-1))
  if ('CollateClause' in node) return figured(node.CollateClause.arg)
  if ('CaseExpr' in node) return cast(figured(node.CaseExpr.defresult), 'case')
  const name = strong(node)
  return name === null ? null : { name, weak: false }
}

function cast(inner: Figured | null, name: string | undefined): Figured | null {
  if (inner !== null && !inner.weak) return inner
  return name === undefined ? inner : { name, weak: true }
}

function strong(node: Node): string | null {
  if ('ColumnRef' in node) return stringsOf(node.ColumnRef.fields).at(-1) ?? null
  if ('FuncCall' in node) return stringsOf(node.FuncCall.funcname).at(-1) ?? null
  if ('A_Expr' in node) return node.A_Expr.kind === 'AEXPR_NULLIF' ? 'nullif' : null
  if ('GroupingFunc' in node) return 'grouping'
  if ('MergeSupportFunc' in node) return 'merge_action'
  if ('SubLink' in node) return subLink(node)
  return keyworded(node)
}

function subLink(node: Extract<Node, { SubLink: unknown }>): string | null {
  const { subLinkType, subselect } = node.SubLink
  if (subLinkType === 'EXISTS_SUBLINK') return 'exists'
  if (subLinkType === 'ARRAY_SUBLINK') return 'array'
  if (subLinkType !== 'EXPR_SUBLINK' || subselect === undefined || !('SelectStmt' in subselect)) return null
  let query = subselect.SelectStmt
  while (query.larg !== undefined) query = query.larg
  if (query.valuesLists !== undefined) return 'column1'
  const target = query.targetList?.[0]
  if (target === undefined || !('ResTarget' in target)) return null
  return target.ResTarget.name ?? figured(target.ResTarget.val)?.name ?? null
}

const keywords: Readonly<Record<string, string>> = {
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
}

const xml: Readonly<Record<string, string>> = {
  IS_XMLCONCAT: 'xmlconcat',
  IS_XMLELEMENT: 'xmlelement',
  IS_XMLFOREST: 'xmlforest',
  IS_XMLPARSE: 'xmlparse',
  IS_XMLPI: 'xmlpi',
  IS_XMLROOT: 'xmlroot',
}

const json: Readonly<Record<string, string>> = {
  JSON_EXISTS_OP: 'json_exists',
  JSON_QUERY_OP: 'json_query',
  JSON_VALUE_OP: 'json_value',
}

function keyworded(node: Node): string | null {
  if ('MinMaxExpr' in node) return node.MinMaxExpr.op === 'IS_LEAST' ? 'least' : 'greatest'
  if ('XmlExpr' in node) return xml[node.XmlExpr.op ?? ''] ?? null
  if ('JsonFuncExpr' in node) return json[node.JsonFuncExpr.op ?? ''] ?? null
  if ('SQLValueFunction' in node) return valueFunction(node.SQLValueFunction.op ?? '')
  for (const type in node) return keywords[type] ?? null
  return null
}

/** SVFOP_CURRENT_TIMESTAMP_N → current_timestamp */
function valueFunction(op: string): string {
  return op
    .replace(/^SVFOP_/, '')
    .replace(/_N$/, '')
    .toLowerCase()
}
