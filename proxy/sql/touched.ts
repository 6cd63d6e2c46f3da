import type { RangeVar } from 'libpg-query'
import type { CatalogSnapshot } from '../catalog/snapshot.ts'
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
  const hidden = { kind: 'hidden', schema, name: name.name, ...same } as const
  if (found.found !== 'relation') return [hidden]
  const { oid } = found.relation
  return [hidden, { kind: 'replaced', oid }, ...childrenOf(context.snapshot, oid)]
}

/** What is done to the columns of a table is done to those of its children and partitions. */
function childrenOf(snapshot: CatalogSnapshot, oid: number): readonly DefinitionChange[] {
  return snapshot.childrenOf(oid).flatMap((child): DefinitionChange[] => {
    const relation = snapshot.relationByOid(child)
    if (relation === undefined) return []
    const { schema, name } = relation
    return [
      { kind: 'hidden', schema, name, same: true },
      { kind: 'replaced', oid: child },
      ...childrenOf(snapshot, child),
    ]
  })
}

export function isOfTemporary(context: Context, relation: RangeVar): boolean {
  const found = lookUpRelation(context, nameOf(relation))
  return found.found === 'temporary' || (found.found === 'relation' && found.relation.schema === TEMPORARY_SCHEMA)
}
