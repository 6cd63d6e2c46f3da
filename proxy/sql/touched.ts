import type { RangeVar } from 'libpg-query'
import { TEMPORARY_SCHEMA } from '../catalog/temporaries.ts'
import type { Context } from './context.ts'
import type { DefinitionChange } from './definition-change.ts'
import { creationSchema } from './into-clause.ts'
import { lookUpRelation, nameOf, type QualifiedName } from './names.ts'
import { uncommittedOf } from './uncommitted-changes.ts'

/** A relation that is what it was, but for something that is not followed: columns, triggers, rules, policies. */
export function touched(context: Context, range: RangeVar | undefined): readonly DefinitionChange[] {
  return range === undefined ? [] : touchedName(context, nameOf(range))
}

function touchedName(context: Context, name: QualifiedName): readonly DefinitionChange[] {
  const found = lookUpRelation(context, name)
  const own = found.found === 'relation' && found.relation.schema === TEMPORARY_SCHEMA ? TEMPORARY_SCHEMA : null
  const schema = own ?? name.schema ?? creationSchema(context)
  const stays =
    found.found === 'relation' || found.found === 'created' || uncommittedOf(context.names.uncommitted).isSame(name)
  const same = own === null && stays ? { same: true as const } : {}
  return [
    { kind: 'hidden', schema, name: name.name, ...same },
    ...(found.found === 'relation' ? [{ kind: 'replaced', oid: found.relation.oid } as const] : []),
    ...(found.found === 'relation' ? childrenOf(context, found.relation.oid) : []),
  ]
}

/** What is done to the columns of a table is done to those of its children and partitions. */
function childrenOf({ snapshot }: Context, oid: number): readonly DefinitionChange[] {
  return snapshot.childrenOf(oid).flatMap((child): DefinitionChange[] => {
    const relation = snapshot.relationByOid(child)
    if (relation === undefined) return []
    const { schema, name } = relation
    return [
      { kind: 'hidden', schema, name, same: true },
      { kind: 'replaced', oid: child },
      ...childrenOf({ snapshot } as Context, child),
    ]
  })
}

export function isOfTemporary(context: Context, relation: RangeVar): boolean {
  const found = lookUpRelation(context, nameOf(relation))
  return found.found === 'temporary' || (found.found === 'relation' && found.relation.schema === TEMPORARY_SCHEMA)
}
