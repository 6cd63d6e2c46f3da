import type { DropStmt, Node } from 'libpg-query'
import { type Context, recordRelation } from './context.ts'
import { fireEventTriggers } from './event-triggers.ts'
import { type QualifiedName, useRelation } from './names.ts'
import { stringsOf } from './tree.ts'

/** And what the server calls them. */
const relationTypes = new Map([
  ['OBJECT_TABLE', 'table'],
  ['OBJECT_VIEW', 'view'],
  ['OBJECT_MATVIEW', 'materialized view'],
  ['OBJECT_FOREIGN_TABLE', 'foreign table'],
  ['OBJECT_SEQUENCE', 'sequence'],
])

/** Objects that belong to a relation and are named behind it. */
const partTypes = new Set(['OBJECT_TRIGGER', 'OBJECT_RULE', 'OBJECT_POLICY'])

/** A COMMENT or SECURITY LABEL on a relation or a part of one. */
export function useNamedObject(context: Context, objtype: string, object: Node | undefined): void {
  if (object === undefined) return
  const parts = partsOf(object)
  if (relationTypes.has(objtype)) useRelation(context, nameIn(parts), ['alter'])
  else if (partTypes.has(objtype) || objtype === 'OBJECT_COLUMN' || objtype === 'OBJECT_TABCONSTRAINT')
    useRelation(context, nameIn(parts.slice(0, -1)), ['alter'])
}

const externalTypes = new Set(['OBJECT_EXTENSION', 'OBJECT_FDW', 'OBJECT_FOREIGN_SERVER', 'OBJECT_PUBLICATION'])

/** DROP of anything: what it names, and for a schema all that is in it. */
export function dropObjects(context: Context, { objects, removeType = '' as never, missing_ok }: DropStmt): void {
  context.record.effect('ddl')
  if (removeType === 'OBJECT_POLICY') context.record.effect('privilege')
  if (externalTypes.has(removeType)) context.record.effect('external')
  fireEventTriggers(context)
  const mayBeMissing = missing_ok === true
  for (const object of objects ?? []) {
    const parts = partsOf(object)
    if (relationTypes.has(removeType))
      useRelation(context, nameIn(parts), ['drop'], { mayBeMissing, noun: relationTypes.get(removeType) })
    else if (partTypes.has(removeType)) useRelation(context, nameIn(parts.slice(0, -1)), ['alter'], { mayBeMissing })
    else if (removeType === 'OBJECT_INDEX') dropIndex(context, object, parts)
    else if (removeType === 'OBJECT_SCHEMA') dropSchema(context, parts.at(-1) ?? '')
  }
}

function partsOf(object: Node): string[] {
  if ('List' in object) return stringsOf(object.List.items)
  if ('TypeName' in object) return stringsOf(object.TypeName.names)
  if ('ObjectWithArgs' in object) return stringsOf(object.ObjectWithArgs.objname)
  return stringsOf([object])
}

function nameIn(parts: readonly string[]): QualifiedName {
  return { schema: parts.at(-2) ?? null, name: parts.at(-1) ?? '' }
}

/** An index goes; its table is changed. */
function dropIndex(context: Context, _object: Node, parts: readonly string[]): void {
  const { schema, name } = nameIn(parts)
  for (const each of schema === null ? (context.path ?? []) : [schema]) {
    const index = context.snapshot.relation(each, name)
    const table = index === undefined ? undefined : context.snapshot.relationByOid(index.owner)
    if (table === undefined) continue
    recordRelation(context, table, ['alter'])
    return
  }
}

function dropSchema(context: Context, schema: string): void {
  for (const relation of context.snapshot.relationsIn(schema)) recordRelation(context, relation, ['drop'])
}
