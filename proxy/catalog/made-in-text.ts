import {
  type CarriedAtCreation,
  carriedByColumn,
  TEMPORARY_SCHEMA,
  type Temporaries,
  type TemporaryRelation,
  type ViewAtCreation,
} from './temporaries.ts'

/**
 * What a text makes and drops in the session's temporary schema, for what follows in the same text: all of it runs, or
 * the rest of it does not. What is made there has no OID yet; these are lower than 0, as none of the server's.
 */

export function withMade(temporaries: Temporaries, name: string, created: CarriedAtCreation): Temporaries {
  const { attributes, columns, anywhere } = created
  if (attributes === undefined || (columns !== null && columns.length !== attributes.length)) return temporaries
  const relation = { ...nothingElse, oid: nextOid(temporaries), name, kind: 'table' as const, attributes }
  return withOne(temporaries, { relation, carried: carriedByColumn(columns ?? []), everywhere: anywhere, query: null })
}

/** @param isTaken something of the name may be there already */
export function withMadeView(
  temporaries: Temporaries,
  name: string,
  { query, attributes, replaces }: ViewAtCreation,
  isTaken: boolean,
): Temporaries {
  const before = temporaries.relations.find(({ relation }) => relation.name === name)
  // It stays what it is, and the server refuses.
  if (before !== undefined && (before.relation.kind !== 'view' || !replaces)) return temporaries
  const others = before === undefined ? temporaries : without(temporaries, name)
  const opaque = { ...others, opaque: [...others.opaque, name] }
  if (query === null || (before === undefined && isTaken)) return opaque
  const oid = before?.relation.oid ?? nextOid(temporaries)
  const relation = { ...nothingElse, oid, name, kind: 'view' as const, attributes }
  return withOne(others, { relation, carried: new Map(), everywhere: [], query })
}

/** @param names of relations that are there, and have no others that rest on them */
export function withoutDropped(temporaries: Temporaries, names: readonly string[]): Temporaries {
  return names.reduce(without, temporaries)
}

const nothingElse = {
  schema: TEMPORARY_SCHEMA,
  rowType: 0,
  owner: 0,
  toast: 0,
  system: false,
  rowSecurity: false,
} as const

function nextOid({ relations }: Temporaries): number {
  return Math.min(0, ...relations.map(({ relation }) => relation.oid)) - 1
}

/** What the server has printed says a name without its schema where nothing stood before it: now this one does. */
function withOne(temporaries: Temporaries, made: TemporaryRelation): Temporaries {
  const name = made.relation.name.replaceAll('"', '""')
  const shadowed = temporaries.relations.filter(({ query }) => typeof query === 'string' && query.includes(name))
  const opaque = [...temporaries.opaque, ...shadowed.map(({ relation }) => relation.name)]
  const kept = shadowed.reduce((rest, { relation }) => without(rest, relation.name), temporaries)
  return { ...kept, opaque, relations: [...kept.relations, made] }
}

function without(temporaries: Temporaries, name: string): Temporaries {
  return { ...temporaries, relations: temporaries.relations.filter(({ relation }) => relation.name !== name) }
}
