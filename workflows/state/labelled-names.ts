import type pg from 'pg'
import type { Log } from '../../log.ts'
import { rowsOf } from './transaction.ts'

/** A name for which a column of a target had labels; see proxy/catalog/former-labels.ts. */
export interface KeptName {
  readonly relationOid: number
  readonly attribute: number
  readonly schema: string
  readonly relation: string
  readonly column: string
  readonly type: string
}

export interface KeptNames {
  readonly names: readonly KeptName[]
  /** Written beside whatever goes on; what could not be written goes with the next. */
  keep(names: readonly KeptName[]): void
}

export interface KeptNamesOptions {
  readonly pool: pg.Pool
  readonly log: Pick<Log, 'warn'>
  readonly target: string
  /** Which database of which cluster it is: the same OID is something else in another. */
  readonly database: string
}

const SOME = 5_000
const RETRY_MS = 30_000

/**
 * What is known of a target from before.
 * @throws StateError
 */
export async function openKeptNames({ pool, log, target, database }: KeptNamesOptions): Promise<KeptNames> {
  const names = await rowsOf<KeptName>(
    pool,
    `SELECT relation_oid::float8 AS "relationOid", attribute, schema_name AS schema, relation, column_name AS "column",
            column_type AS type FROM labelled_name WHERE target = $1 AND database = $2`,
    [target, database],
  )
  let waiting: KeptName[] = []
  let writing = false
  const write = async (): Promise<void> => {
    writing = true
    while (waiting.length > 0) {
      const some = waiting.slice(0, SOME)
      await rowsOf(pool, INSERT, [target, database, ...columnsOf(some)])
      waiting = waiting.slice(some.length)
    }
    writing = false
  }
  const begin = (): void => {
    write().catch((err: unknown) => {
      writing = false
      log.warn({ err, target }, 'names of labelled columns could not be kept yet')
      setTimeout(() => (writing ? undefined : begin()), RETRY_MS).unref()
    })
  }
  return {
    names,
    keep: (more) => {
      waiting = [...waiting, ...more]
      if (!writing) begin()
    },
  }
}

const INSERT = `
  INSERT INTO labelled_name (target, database, relation_oid, attribute, schema_name, relation, column_name, column_type)
  SELECT $1, $2, * FROM unnest($3::bigint[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[])
  ON CONFLICT DO NOTHING`

function columnsOf(names: readonly KeptName[]): unknown[] {
  const keys = ['relationOid', 'attribute', 'schema', 'relation', 'column', 'type'] as const
  return keys.map((key) => names.map((name) => name[key]))
}
