import type { RenameStmt } from 'libpg-query'
import { TEMPORARY_SCHEMA } from '../catalog/temporaries.ts'
import type { Context } from './context.ts'
import type { DefinitionChange } from './definition-change.ts'
import { lookUpRelation, nameOf } from './names.ts'
import { touched } from './touched.ts'
import { stringsOf } from './tree.ts'

const anything: readonly DefinitionChange[] = [{ kind: 'anything' }]
const renamedRelations = new Set(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW', 'OBJECT_SEQUENCE'])
/** They are named nowhere but in definitions. */
const nameless = new Set(['OBJECT_INDEX', 'OBJECT_TABCONSTRAINT'])

/** Under its new name nothing is followed; a temporary one is asked for before the next message. */
export function rename(context: Context, fields: RenameStmt): readonly DefinitionChange[] {
  const { relation, newname = '', renameType = '', object } = fields
  const found = relation === undefined ? null : lookUpRelation(context, nameOf(relation))
  if (relation !== undefined && found?.found === 'relation' && found.relation.schema === TEMPORARY_SCHEMA)
    return [...touched(context, relation), { kind: 'hidden', schema: TEMPORARY_SCHEMA, name: newname }]
  if (nameless.has(renameType)) return []
  if (renameType === 'OBJECT_COLUMN') return touched(context, relation)
  if (renameType === 'OBJECT_TYPE' && object !== undefined && 'List' in object)
    return [
      { kind: 'untyped', name: stringsOf(object.List.items).at(-1) ?? '' },
      { kind: 'type', name: newname },
    ]
  if (!renamedRelations.has(renameType) || relation === undefined || found?.found !== 'relation') return anything
  const { schema, name, oid } = found.relation
  return [
    { kind: 'hidden', schema, name },
    { kind: 'hidden', schema, name: newname },
    { kind: 'replaced', oid },
    { kind: 'untyped', name },
  ]
}
