import type { Node } from 'libpg-query'
import type { Routine } from '../catalog/definitions.ts'
import type { Source } from '../catalog/snapshot.ts'
import { resolveReference } from './column-reference.ts'
import type { Context } from './context.ts'
import type { Scope } from './scope.ts'
import type { Value } from './value.ts'

/**
 * What is computed of a masked column is shown to nobody. That it fails, lingers or fills memory for some values and not
 * for others is seen by everybody: `1 / (ascii(email) - 97)`, `CASE WHEN email LIKE 'a%' THEN 1 / 0 END` and
 * `repeat('x', ascii(email) * 100000)` spell a value out in one question for each letter. So a labelled value counts as
 * probed unless what computes with it is steady: it succeeds, and takes about as long, whatever the value is.
 */
const steadyFunctions: ReadonlySet<string> = new Set(
  `lower upper initcap reverse btrim ltrim rtrim length char_length character_length octet_length bit_length
   left right substr substring split_part strpos position starts_with translate md5 sha224 sha256 sha384 sha512 hashtext
   concat concat_ws textcat quote_literal quote_ident quote_nullable
   json_build_array jsonb_build_array json_build_object jsonb_build_object
   to_json to_jsonb row_to_json array_to_json json_agg jsonb_agg jsonb_pretty json_typeof jsonb_typeof xmlagg
   array_agg string_agg array_to_string unnest array_length cardinality
   count min max sum avg first_value last_value nth_value lag lead row_number rank dense_rank percent_rank cume_dist
   bool_and bool_or every mode percentile_disc
   to_char date_part extract date_trunc age lower_inc upper_inc isempty num_nulls num_nonnulls pg_typeof pg_column_size`.split(
    /\s+/,
  ),
)

/** Not LIKE: a pattern that ends with its escape fails for what has matched so far. */
const steadyOperators: ReadonlySet<string> = new Set('|| = <> < > <= >= -> ->> #> #>> && @> <@ ?'.split(' '))

/** Nodes without a walk of their own that only gather or compare. */
const steadyNodes: ReadonlySet<string> = new Set(
  `A_ArrayExpr MinMaxExpr BooleanTest NamedArgExpr List ResTarget MultiAssignRef GroupingSet IndexElem InferClause
   A_Indices JsonFormat JsonReturning JsonOutput`.split(/\s+/),
)

/** What is walked in the words of whoever asks, or with what they give. In a view or a rule they choose nothing of it. */
const ofTheirOwn = /^DO$|^(explain|prepared_statement|cursor|function)\b/

function isAskers({ inside }: Context): boolean {
  return inside.every((what) => ofTheirOwn.test(what))
}

/** For a condition that decides what else is looked at: a column in it is searched by, wherever it stands. */
export function decidingIn(context: Context): Context {
  return context.decides === true || !isAskers(context) ? context : { ...context, decides: true }
}

export function probe(context: Context, sources: readonly Source[]): void {
  if (sources.length === 0 || !isAskers(context)) return
  for (const source of sources) if (source.labels.length > 0) context.record.column(source, 'probed')
}

function probeAll(context: Context, values: readonly Value[]): void {
  for (const { sources } of values) probe(context, sources)
}

export function probeByNode(context: Context, type: string, sources: readonly Source[]): void {
  if (!steadyNodes.has(type)) probe(context, sources)
}

/** The arguments of a call. Of a function of somebody's making nobody knows. */
export function probeByCall(context: Context, { name, builtin }: Routine, values: readonly Value[]): void {
  if (!builtin || !steadyFunctions.has(name)) {
    probeAll(context, values)
    return
  }
  if (growing.has(name)) probeGrowth(context, values)
  // Arrays of unlike sizes do not make an array of arrays.
  if (name === 'array_agg') for (const value of values) if (isArray(context, value)) probe(context, value.sources)
  // How much is taken, from where, by what it is cut, in which form: with an error for some.
  if (subjectFirst.has(name)) probeAll(context, values.slice(1))
  if (subjectLast.has(name)) probeAll(context, values.slice(0, -1))
  // A key may not be NULL.
  if (/^jsonb?_build_object$/.test(name))
    probeAll(
      context,
      values.filter(({ exact }, index) => index % 2 === 0 && !exact),
    )
}

const subjectFirst: ReadonlySet<string> = new Set(
  'left right substr substring split_part nth_value lag lead to_char'.split(' '),
)
const subjectLast: ReadonlySet<string> = new Set('date_part date_trunc extract percentile_disc'.split(' '))
const growing: ReadonlySet<string> = new Set('|| concat concat_ws textcat'.split(' '))

/** What was computed twice and joined doubles with each turn; a whole column does not. */
function probeGrowth(context: Context, values: readonly Value[]): void {
  const computed = values.filter(({ exact, sources }) => !exact && sources.some(({ labels }) => labels.length > 0))
  const arrays = computed.some(({ type }) => (context.snapshot.typeByOid(type)?.element ?? 0) !== 0)
  if (computed.length > 1 || arrays) probeAll(context, computed)
}

function isArray({ snapshot }: Context, { type, exact }: Value): boolean {
  const known = snapshot.typeByOid(type)
  return known === undefined ? !exact : known.element !== 0
}

/**
 * @param lazily the right side is looked at for some values of the left only: IN with a list, BETWEEN, rows
 */
export function probeByOperator(context: Context, name: string, operands: readonly Value[], lazily: boolean): void {
  if (lazily || !steadyOperators.has(name)) probeAll(context, operands)
  else if (growing.has(name)) probeGrowth(context, operands)
}

/** What cannot fail or linger by itself, so that it does not tell whether it was looked at. */
export function isInert(context: Context, node: Node | undefined, scope: Scope): boolean {
  if (node === undefined || 'A_Const' in node || 'ParamRef' in node || 'SQLValueFunction' in node) return true
  // A subquery's column may be anything that is computed.
  if ('ColumnRef' in node) return resolveReference(context, node.ColumnRef, scope).exact
  if ('TypeCast' in node) return node.TypeCast.arg !== undefined && 'A_Const' in node.TypeCast.arg
  return 'List' in node && (node.List.items ?? []).every((item) => isInert(context, item, scope))
}

const texts: ReadonlySet<number> = new Set([18, 19, 25, 705, 1042, 1043])
const dates: ReadonlySet<number> = new Set([1082, 1114, 1184])

/** A cast that every value survives: to text, and between dates. */
export function probeByCast(context: Context, value: Value, type: number): void {
  if (texts.has(type) || (dates.has(type) && dates.has(value.type))) return
  probe(context, value.sources)
}
