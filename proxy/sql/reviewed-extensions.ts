import type { Routine } from '../catalog/definitions.ts'

/**
 * Extensions from PostgreSQL's contrib whose C functions only compute on their arguments. What is not listed is opaque:
 * dblink, file_fdw, postgres_fdw, pageinspect, pg_buffercache, tablefunc (crosstab runs SQL), xml2, lo, adminpack …
 */
const reviewed = new Set([
  'btree_gin',
  'btree_gist',
  'citext',
  'cube',
  'dict_int',
  'dict_xsyn',
  'earthdistance',
  'fuzzystrmatch',
  'hstore',
  'intarray',
  'isn',
  'ltree',
  'pg_trgm',
  'pgcrypto',
  'seg',
  'unaccent',
  'uuid-ossp',
])

export function isReviewed({ extension, language }: Routine): boolean {
  return extension !== null && reviewed.has(extension) && (language === 'c' || language === 'internal')
}
