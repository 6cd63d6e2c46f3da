import type { RangeVar } from 'libpg-query'
import { ListedColumns, relationColumns } from './column-set.ts'
import type { Context } from './context.ts'
import { nameOf } from './names.ts'
import { rowScope } from './row-scope.ts'
import { emptyScope, type Item, innerScope, type Scope } from './scope.ts'
import type { NodeFields } from './tree.ts'

const unknownRows = ['old', 'new'].map(
  (name): Item => ({
    name,
    relation: null,
    columns: new ListedColumns([], []),
    unqualified: false,
    qualified: true,
    pseudo: true,
  }),
)

/** Inside a definition, bare names are the columns of the relation it is about, or of one that is being made. */
export function definitionScope(context: Context, fields: NodeFields, type = ''): Scope {
  const range = fields.relation ?? fields.table
  const named = range !== undefined && typeof range === 'object' ? nameOf(range as RangeVar) : null
  const schema =
    named === null
      ? null
      : (named.schema ?? context.path?.find((each) => context.snapshot.relation(each, named.name) !== undefined))
  const relation =
    named === null || schema === null || schema === undefined
      ? undefined
      : context.snapshot.relation(schema, named.name)
  const columns = relation === undefined ? new ListedColumns([]) : relationColumns(context.snapshot, relation)
  const rows = relation === undefined ? [] : [...rowScope(context, relation).items]
  const anything: Item = {
    name: null,
    relation: null,
    columns: new ListedColumns([], []),
    unqualified: true,
    qualified: false,
  }
  // A temporary table's columns are not known, and a rule on one still has its old and new rows.
  if (relation === undefined && (type === 'RuleStmt' || type === 'CreateTrigStmt')) rows.push(...unknownRows)
  const self: Item = {
    name: named?.name ?? null,
    relation: relation ?? null,
    columns,
    unqualified: false,
    qualified: true,
  }
  return innerScope(
    emptyScope({ names: new Map([['value', { sources: [], exact: false, type: 0, row: null }]]), positions: [] }),
    [...rows, self, anything],
  )
}
