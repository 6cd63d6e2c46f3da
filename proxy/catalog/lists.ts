import type { Definitions } from './definitions.ts'
import * as queries from './queries.ts'
import { cascade, castContexts, index, type Row, relation } from './rows.ts'

/** A list of the definitions that can be read for some relations alone. */
interface RelationList<T> {
  readonly query: queries.OfRelations
  readonly made: (row: Row) => T
  /** The relations that an entry is about. */
  readonly about: (entry: T) => readonly number[]
}

const list = <T>(each: RelationList<T>): RelationList<T> => each

export const relationLists = {
  relations: list({ query: queries.relations, made: relation, about: ({ oid }) => [oid] }),
  indexes: list({ query: queries.indexes, made: index, about: ({ owner }) => [owner] }),
  inheritance: list({
    query: queries.inheritance,
    made: ([child, parent]): readonly [number, number] => [child as number, parent as number],
    about: (link) => link,
  }),
  views: list({
    query: queries.views,
    made: ([oid, query]) => ({ relation: oid as number, query: query as string }),
    about: ({ relation }) => [relation],
  }),
  rules: list({
    query: queries.rules,
    made: ([oid, name, definition]) => {
      return { relation: oid as number, name: name as string, definition: definition as string }
    },
    about: ({ relation }) => [relation],
  }),
  triggers: list({
    query: queries.triggers,
    made: ([oid, name, routine, type, definition]) => ({
      relation: oid as number,
      name: name as string,
      routine: routine as number,
      type: type as number,
      definition: definition as string | null,
    }),
    about: ({ relation }) => [relation],
  }),
  expressions: list({
    query: queries.expressions,
    made: ([oid, name, on, sql]) => {
      return { relation: oid as number, name: name as string, on: on as 'read' | 'write', sql: sql as string }
    },
    about: ({ relation }) => [relation],
  }),
  cascades: list({
    query: queries.cascades,
    made: cascade,
    about: ({ relation, referenced }) => [relation, referenced],
  }),
} as const

export type RelationListName = keyof typeof relationLists

export const operator = ([schema, name, left, right, code]: Row): Definitions['operators'][number] => ({
  schema: schema as string,
  name: name as string,
  left: left as number,
  right: right as number,
  routine: code as number,
})

export const cast = ([source, target, code, context]: Row): Definitions['casts'][number] => ({
  source: source as number,
  target: target as number,
  routine: code as number,
  context: castContexts[context as keyof typeof castContexts],
})

export const eventTrigger = ([name, event, code, tags]: Row): Definitions['eventTriggers'][number] => ({
  name: name as string,
  event: event as string,
  routine: code as number,
  tags: tags as string[] | null,
})

export const role = ([name, hidden]: Row): Definitions['roles'][number] => ({
  name: name as string,
  hiddenSchemas: new Set(hidden as string[] | null),
})
