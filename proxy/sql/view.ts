import type { SelectStmt } from 'libpg-query'
import type { Attribute, Relation } from '../catalog/definitions.ts'
import type { CatalogSnapshot, Source } from '../catalog/snapshot.ts'
import { type QueryInText, TEMPORARY_SCHEMA } from '../catalog/temporaries.ts'
import { type ColumnSet, ListedColumns, RelationColumns } from './column-set.ts'
import { type Context, enter, type NameContext, qualifiedNames } from './context.ts'
import { expression } from './expression.ts'
import { parse } from './parse.ts'
import { parseExpression } from './parse-expression.ts'
import { Recorder } from './recorder.ts'
import { emptyScope, type Item, innerScope } from './scope.ts'
import { select } from './select.ts'
import { type Column, derived, named, union } from './value.ts'
import { workedOut } from './worked-out.ts'

interface Expansion {
  readonly record: Recorder
  /** What feeds each of the view's columns; null: its query could not be followed. */
  readonly columns: readonly Column[] | null
}

/**
 * The columns of a view with the base columns behind them; what the view reads is recorded on the way.
 * @returns null for what is not a view, and for the server's own
 */
export function viewColumns(context: Context, relation: Relation): ColumnSet | null {
  const query = context.snapshot.viewQuery(relation.oid)
  if (query === undefined) return null
  const { record, columns } = expansionOf(context, relation, query)
  context.record.absorb(record, `${relation.schema}.${relation.name}`)
  if (columns === null) {
    context.record.effect('unknown')
    context.record.unresolved('relation', `the query of ${relation.schema}.${relation.name}`)
  }
  const key = `columns ${relation.oid} ${context.session.role} ${context.session.searchPath}`
  let set = workedOut(context).get(key) as ColumnSet | undefined
  if (set === undefined) {
    set = new RelationColumns(
      relation.attributes.map((_, index) => viewColumn(context.snapshot, relation, index, columns)),
    )
    workedOut(context).set(key, set)
  }
  return set
}

function viewColumn(
  snapshot: CatalogSnapshot,
  relation: Relation,
  index: number,
  columns: Expansion['columns'],
): Column {
  const self = snapshot.sourcesOf(relation)[index] as Source
  const column = columns?.[index]
  const sources = column?.sources ?? []
  const inherited = new Set(sources.flatMap((source) => source.labels))
  // A label that only the view's own column has must not be lost on the way to what it is made of.
  const own = self.labels.some((label) => !inherited.has(label)) || columns === null
  return {
    name: self.column,
    sources: own ? union(sources, [self]) : sources,
    exact: column?.exact ?? false,
    type: relation.attributes[index]?.type ?? 0,
    row: null,
    self,
  }
}

function expansionOf(context: Context, relation: Relation, query: string | QueryInText): Expansion {
  // A function in it is read with the session's search path.
  const key = `view ${relation.oid} ${context.session.role} ${context.session.searchPath}`
  const before = workedOut(context).get(key) as Expansion | undefined
  if (before !== undefined) return before
  const expansion = expand(context, relation, query)
  workedOut(context).set(key, expansion)
  return expansion
}

function expand(context: Context, relation: Relation, query: string | QueryInText): Expansion {
  const inside = enter(context, `view ${relation.oid}`, namesOf(context, relation, query))
  const node = selectOf(query)
  if (inside === null || node === null) return { record: new Recorder(), columns: null }
  const { columns } = select(inside, node, emptyScope(), 'derived')
  const all = columns.all()
  const isWhole = columns.open === null && all.length >= relation.attributes.length
  return { record: inside.record, columns: isWhole ? all : null }
}

/** The server prints a temporary view as the session names things, and any other with every name qualified. */
function namesOf(
  { session, names, snapshot }: Context,
  { schema }: Relation,
  query: string | QueryInText,
): NameContext {
  if (schema !== TEMPORARY_SCHEMA) return qualifiedNames(names)
  return { ...session, searchPath: typeof query === 'string' ? snapshot.temporary.all.viewPath : query.searchPath }
}

function selectOf(query: string | QueryInText): SelectStmt | null {
  const parsed = typeof query === 'string' ? parse(query) : null
  const node =
    typeof query !== 'string' ? query.select : parsed === null || 'reason' in parsed ? undefined : parsed[0]?.node
  return node !== undefined && 'SelectStmt' in node ? node.SelectStmt : null
}

/** The columns behind each column of a view, and behind a generated one, for the labels that they lend it. */
export function viewSources(snapshot: CatalogSnapshot, relation: Relation): readonly (readonly Source[])[] {
  const query = snapshot.viewQuery(relation.oid)
  if (query !== undefined)
    return expansionOf(catalogContext(snapshot), relation, query).columns?.map((column) => column.sources) ?? []
  if (!relation.attributes.some(({ generated }) => generated)) return []
  return relation.attributes.map((attribute) => generatedFrom(snapshot, relation, attribute))
}

/** A generated column says what it is made of, under another name. */
function generatedFrom(snapshot: CatalogSnapshot, relation: Relation, attribute: Attribute): readonly Source[] {
  const node = attribute.generated && attribute.expression !== null ? parseExpression(attribute.expression) : null
  if (node === null) return []
  const columns = snapshot.sourcesOf(relation).map((source) => named(source.column, derived([source])))
  const row: Item = {
    name: relation.name,
    relation,
    columns: new ListedColumns(columns),
    unqualified: true,
    qualified: true,
  }
  return expression(catalogContext(snapshot), node, innerScope(emptyScope(), [row]), 'projected').sources
}

/** For what the catalog itself holds, where every name is qualified. */
function catalogContext(snapshot: CatalogSnapshot): Context {
  const names: NameContext = qualifiedNames({
    snapshot,
    searchPath: '',
    role: snapshot.loginRole,
    temporaryRelations: new Set(),
    preparedStatement: () => undefined,
    cursor: () => undefined,
  })
  return {
    names,
    session: names,
    snapshot,
    path: snapshot.schemasOnPath('', snapshot.loginRole),
    record: new Recorder(),
    seen: new Set(),
    budget: { left: 1_000_000 },
    inside: [],
  }
}
