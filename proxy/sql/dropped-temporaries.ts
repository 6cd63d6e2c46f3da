import type { DropStmt } from 'libpg-query'
import type { Relation } from '../catalog/definitions.ts'
import { TEMPORARY_SCHEMA } from '../catalog/temporaries.ts'
import type { Context } from './context.ts'
import { lookUpRelation, qualifiedName } from './names.ts'

export const droppedRelations: ReadonlySet<string> = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_SEQUENCE',
  'OBJECT_FOREIGN_TABLE',
])

/** Names of the temporary relations that are gone if this has run, where nothing else goes with them. */
export function droppedSurely(
  context: Context,
  { objects = [], removeType = '' as never, behavior }: DropStmt,
): string[] {
  if (!droppedRelations.has(removeType)) return []
  const dropped = objects.flatMap((object): Relation[] => {
    const found = 'List' in object ? lookUpRelation(context, qualifiedName(object.List.items)) : null
    return found?.found === 'relation' && found.relation.schema === TEMPORARY_SCHEMA ? [found.relation] : []
  })
  const names = new Set(dropped.map(({ name }) => name))
  const others = context.snapshot.temporary.all.relations.filter(({ relation: { name } }) => !names.has(name))
  // A table takes its own sequences along, and CASCADE the views over it.
  const taken = behavior === 'DROP_CASCADE' ? ['sequence', 'view'] : ['sequence']
  return others.some(({ relation: { kind } }) => taken.includes(kind)) ? [] : [...names]
}
