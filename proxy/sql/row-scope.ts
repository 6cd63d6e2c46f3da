import type { Relation } from '../catalog/definitions.ts'
import { relationColumns } from './column-set.ts'
import { type Context, qualifiedNames } from './context.ts'
import { emptyScope, type Item, innerScope, type Scope } from './scope.ts'
import { viewColumns } from './view.ts'

/** One row of the relation, by bare names and as old, new and excluded. */
export function rowScope(context: Context, relation: Relation): Scope {
  const columns = viewColumns(context, relation) ?? relationColumns(context.snapshot, relation)
  const row = (name: string, unqualified: boolean): Item => ({
    name,
    relation,
    columns,
    unqualified,
    qualified: true,
    pseudo: true,
  })
  return innerScope(emptyScope(), [row(relation.name, true), row('old', false), row('new', false)])
}

/** The context of the catalog's own texts. */
export function qualified(context: Context): Context {
  const names = qualifiedNames(context.names)
  return { ...context, names, path: context.snapshot.schemasOnPath('', names.role) }
}
